#include "off_policy.h"

#include <string.h>

/* The first side has one row more where their number is odd. */
int64_t first_row(const struct batch *batch, int side)
{
    return side ? (batch->num_rows + 1) / 2 : 0;
}

int64_t count_rows(const struct batch *batch, int side)
{
    return side ? batch->num_rows / 2 : (batch->num_rows + 1) / 2;
}

/* Fetches rows of the minibatch from the buffer. */
static void gather(const struct off_policy *step, int64_t first, int64_t num_rows)
{
    const struct batch *batch = &step->batch;
    const int64_t num_observations = batch->observation_size, num_inputs = num_observations + batch->action_size;
    const int64_t width = num_inputs + num_observations + 3;
    const float gamma = (float)step->replay.gamma;
    for (int64_t index = first; index < first + num_rows; index++) {
        const float *row = step->replay.rows + step->replay.drawn[index] * width, *rest = row + width - 3;
        memcpy(batch->observations + index * num_observations, row, (size_t)num_observations * sizeof *row);
        memcpy(batch->inputs + index * num_inputs, row, (size_t)num_inputs * sizeof *row);
        memcpy(batch->next_observations + index * num_observations, row + num_inputs,
               (size_t)num_observations * sizeof *row);
        batch->rewards[index] = rest[0];
        batch->discounts[index] = (1.0f - rest[1] * (1.0f - rest[2])) * gamma;
    }
}

/* Goes through the minibatch in chunks, of which a side takes the next one whenever it is free: the other side may come
 * late. Who does a chunk changes no number. */
void for_chunks(struct off_policy *step, int side, for_rows_t for_rows, void *whole)
{
    const int64_t num_rows = step->batch.num_rows, size = step->chunk_rows;
    for (;;) {
        const int64_t first = atomic_fetch_add(&step->next_chunk, 1) * size;
        if (first >= num_rows)
            return;
        const int64_t count = first + size < num_rows ? size : num_rows - first;
        if (step->replay.drawn)
            gather(step, first, count);
        for_rows(whole, side, first, count);
    }
}

/* Writes the smallest value of the actions that a side has for some observations, and which critic says so. What is not a
 * number is least. */
void judge(const struct off_policy *step, int side, int64_t num_rows, const float *observations, int64_t num_critics,
           const struct network *critics)
{
    const struct reading *half = &step->halves[side];
    const int64_t num_observations = step->batch.observation_size;
    const int64_t num_actions = step->batch.action_size, width = num_observations + num_actions;
    for (int64_t row = 0; row < num_rows; row++) {
        float *inputs = half->inputs + row * width;
        memcpy(inputs, observations + row * num_observations, (size_t)num_observations * sizeof *inputs);
        memcpy(inputs + num_observations, half->actions + row * num_actions, (size_t)num_actions * sizeof *inputs);
    }
    for (int64_t critic = 0; critic < num_critics; critic++) {
        const float *values = evaluate(&critics[critic], num_rows, half->inputs);
        for (int64_t row = 0; row < num_rows; row++)
            if (!critic || values[row] < half->values[row] || values[row] != values[row]) {
                half->values[row] = values[row];
                half->which[row] = critic;
            }
    }
}

/* Writes the derivatives by the actions that were judged last, given that by each smallest value. Only the critic that
 * decides a row is differentiated there. */
void differentiate_by_actions(const struct off_policy *step, int side, float by_values)
{
    const struct reading *half = &step->halves[side];
    const int64_t num_actions = step->batch.action_size, num_inputs = step->batch.observation_size + num_actions;
    for (int64_t critic = 0; critic < half->num_critics; critic++) {
        const struct network *network = &half->critics[critic];
        const int64_t last = network->num_hidden, num_units = network->sizes[last];
        float *slopes = network->slopes[last - 1];
        int64_t num_rows = 0;
        for (int64_t row = 0; row < count_rows(&step->batch, side); row++)
            if (half->which[row] == critic) {
                for (int64_t unit = 0; unit < num_units; unit++)
                    slopes[num_rows * num_units + unit] = by_values * network->weights[last][unit];
                half->rows[num_rows++] = row;
            }
        if (!num_rows)
            continue;
        descend(network, num_rows, half->rows);
        network->sgemm(ROW_BY_ROW, AS_IS, AS_IS, num_rows, num_actions, network->sizes[1], 1.0f, network->slopes[0],
                       network->sizes[1], network->weights[0] + step->batch.observation_size, num_inputs, 0.0f,
                       half->by_some_actions, num_actions);
        for (int64_t index = 0; index < num_rows; index++)
            memcpy(half->by_actions + half->rows[index] * num_actions, half->by_some_actions + index * num_actions,
                   (size_t)num_actions * sizeof(float));
    }
}

/* A step of least squares for every other critic; the loss is the mean squared error times loss_scale. */
void teach_critics(struct off_policy *step, int side)
{
    const int64_t num_rows = step->batch.num_rows;
    const float scale = (float)(2.0 * step->loss_scale / (double)num_rows);
    for (int64_t index = side; index < step->num_critics; index += 2) {
        struct critic *critic = &step->critics[index];
        regress(&critic->network, num_rows, step->batch.inputs, step->batch.targets, scale, critic->errors,
                critic->by_outputs);
        sum_rows(num_rows, 1, critic->by_outputs, critic->network.bias_gradients[critic->network.num_hidden]);
        double sum = 0.0;
        for (int64_t row = 0; row < num_rows; row++)
            sum += (double)critic->errors[row] * critic->errors[row];
        critic->loss = step->loss_scale * sum / (double)num_rows;
        take_step(&critic->adam, 0, critic->num_weights, critic->adam.num_steps + 1, 1.0f);
        if (step->tau >= 0.0)
            follow(step->tau, critic->adam.values, critic->num_weights, critic->target);
    }
}

/* A step of a side's half of the actor's weights, down the sum of both gradients. */
void teach_actor(struct off_policy *step, int side)
{
    const struct actor_parameters *actor = &step->actor;
    const int64_t middle = actor->num_weights / 2, begin = side ? middle : 0, end = side ? actor->num_weights : middle;
    if (step->batch.num_rows > 1) /* of a single row there is one half */
        for (int64_t index = begin; index < end; index++)
            actor->adam.gradients[index] += actor->other_gradients[index];
    take_step(&actor->adam, begin, end, actor->adam.num_steps + 1, 1.0f);
    if (actor->target && step->tau >= 0.0)
        follow(step->tau, actor->adam.values + begin, end - begin, actor->target + begin);
}
