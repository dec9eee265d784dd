/* A gradient step of TD3: what fast_td3.py does in NumPy, without the interpreter. */
#include "functions.h"
#include "off_policy.h"

struct td3 {
    struct off_policy *step;
    struct network actors[2], actor_targets[2]; /* of either half */
    const float *noise; /* that is added to the next actions (num_rows, action_size) */
};

static float within_1(float value)
{
    return value < -1.0f ? -1.0f : value > 1.0f ? 1.0f : value;
}

/* Says what critics are to say of some rows. */
static void look_ahead(void *whole, int side, int64_t first, int64_t num_rows)
{
    const struct td3 *td3 = whole;
    const struct batch *batch = &td3->step->batch;
    const struct reading *room = &td3->step->halves[side];
    const int64_t size = batch->action_size;
    const float *observations = batch->next_observations + first * batch->observation_size;
    const float *noise = td3->noise + first * size;
    const float *outputs = evaluate(&td3->actor_targets[side], num_rows, observations);
    for (int64_t index = 0; index < num_rows * size; index++)
        room->actions[index] = within_1(hyperbolic_tangent(outputs[index]) + noise[index]);
    judge(td3->step, side, num_rows, observations, room->num_targets, room->targets);
    for (int64_t row = 0; row < num_rows; row++)
        batch->targets[first + row] = batch->rewards[first + row] + batch->discounts[first + row] * room->values[row];
}

static void look_ahead_in_chunks(void *whole, int side)
{
    for_chunks(((struct td3 *)whole)->step, side, look_ahead, whole);
}

static void teach(void *whole, int side)
{
    teach_critics(((struct td3 *)whole)->step, side);
}

/* Writes a side's part of the actor's gradient and of its loss. */
static void differentiate_actor(void *whole, int side)
{
    struct td3 *td3 = whole;
    const struct batch *batch = &td3->step->batch;
    const struct reading *half = &td3->step->halves[side];
    const struct network *actor = &td3->actors[side];
    const int64_t num_rows = count_rows(batch, side), size = batch->action_size;
    const float *observations = batch->observations + first_row(batch, side) * batch->observation_size;
    float *slopes = actor->slopes[actor->num_hidden];
    double sum = 0.0;
    td3->step->actor_losses[side] = 0.0;
    if (!num_rows)
        return;
    const float *outputs = evaluate(actor, num_rows, observations);
    for (int64_t index = 0; index < num_rows * size; index++)
        half->actions[index] = hyperbolic_tangent(outputs[index]);
    judge(td3->step, side, num_rows, observations, half->num_critics, half->critics);
    differentiate_by_actions(td3->step, side, -1.0f / (float)batch->num_rows);
    for (int64_t index = 0; index < num_rows * size; index++)
        slopes[index] = half->by_actions[index] * (1.0f - half->actions[index] * half->actions[index]);
    differentiate(actor, num_rows, observations);
    for (int64_t row = 0; row < num_rows; row++)
        sum -= half->values[row];
    td3->step->actor_losses[side] = sum / (double)batch->num_rows;
}

static void teach_half(void *whole, int side)
{
    teach_actor(((struct td3 *)whole)->step, side);
}

/* Lets the helper begin a step. */
void begin_td3_step(struct td3 *td3, struct helper *helper)
{
    atomic_store(&td3->step->next_chunk, 0);
    if (helper)
        ask(helper, look_ahead_in_chunks, td3);
}

/* Takes a step that has begun; the actor learns where targets follow. */
void run_td3_step(struct td3 *td3, struct helper *helper)
{
    look_ahead_in_chunks(td3, 0);
    if (helper)
        await(helper);
    run_both(helper, teach, td3);
    if (td3->step->tau < 0.0)
        return;
    run_both(helper, differentiate_actor, td3);
    run_both(helper, teach_half, td3);
}
