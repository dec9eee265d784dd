/* A gradient step of SAC, but for its entropy coefficient: what fast_sac.py does in NumPy, without the interpreter. */
#include <math.h>
#include <string.h>

#include "functions.h"
#include "off_policy.h"
#include "squashed.h"

#define LOWEST_LOG_STD -20.0f
#define HIGHEST_LOG_STD 2.0f
#define SDE_EPSILON 1e-6f

/* gSDE (arXiv:2005.05719): log_std (units, actions), and room. */
struct state_dependent {
    const float *log_std;
    float *log_std_gradient, *exploration, *std_squared, *by_std; /* (units, actions) */
    float *squared_features, *by_squared_features; /* (num_rows, units) */
    double clip_mean;
};

/* A standard deviation for each action: the layer that log_std is read from, and room. */
struct independent {
    const float *weight, *bias;
    float *weight_gradient, *bias_gradient;
    float *log_std, *by_log_std; /* (num_rows, actions) */
};

/* The actor of one half. */
struct sac_actor {
    struct network network; /* its outputs are mean actions */
    struct state_dependent sde;
    struct independent own;
    struct draw draw;
};

struct sac {
    struct off_policy *step;
    struct sac_actor actors[2];
    int64_t is_state_dependent;
    const float *now, *after; /* random numbers (num_rows, actions); with gSDE the same for all rows (units, actions) */
    float *log_prob; /* of actions for the observations (num_rows,) */
    double ent_coef;
};

static int64_t num_units(const struct network *network)
{
    return network->sizes[network->num_hidden];
}

/* ---- gSDE ---- */

static void prepare_exploration(const struct sac_actor *actor, const float *random)
{
    const struct state_dependent *sde = &actor->sde;
    const int64_t num_values = num_units(&actor->network) * actor->network.sizes[actor->network.num_hidden + 1];
    for (int64_t index = 0; index < num_values; index++) {
        sde->exploration[index] = random[index] * exponential(sde->log_std[index]);
        sde->std_squared[index] = exponential(2.0f * sde->log_std[index]);
    }
}

static void draw_state_dependent(const struct sac_actor *actor, int64_t num_rows, const float *observations)
{
    const struct network *network = &actor->network;
    const struct state_dependent *sde = &actor->sde;
    const struct draw *draw = &actor->draw;
    const int64_t size = network->sizes[network->num_hidden + 1], units = num_units(network);
    const float *means = evaluate(network, num_rows, observations), *values = features(network, observations);
    const float clip = (float)sde->clip_mean;
    for (int64_t index = 0; index < num_rows * size; index++)
        draw->means[index] = means[index] < -clip ? -clip : means[index] > clip ? clip : means[index];
    for (int64_t index = 0; index < num_rows * units; index++)
        sde->squared_features[index] = values[index] * values[index];
    times(network, AS_IS, AS_IS, num_rows, size, units, values, sde->exploration, draw->noise);
    times(network, AS_IS, AS_IS, num_rows, size, units, sde->squared_features, sde->std_squared, draw->variance);
    for (int64_t index = 0; index < num_rows * size; index++)
        draw->variance[index] += SDE_EPSILON;
    squash_and_invert(draw, num_rows, size);
}

/* Unlike PPO's, SAC's features learn what noise they make. */
static void differentiate_state_dependent(const struct sac_actor *actor, int64_t num_rows, const float *observations)
{
    const struct network *network = &actor->network;
    const struct state_dependent *sde = &actor->sde;
    const struct draw *draw = &actor->draw;
    const int64_t last = network->num_hidden, size = network->sizes[last + 1], units = num_units(network);
    const float *values = features(network, observations), *means = network->values[last];
    const float clip = (float)sde->clip_mean;
    float *slopes = network->slopes[last - 1];
    times(network, TRANSPOSED, AS_IS, units, size, num_rows, sde->squared_features, draw->by_variance,
          sde->log_std_gradient);
    times(network, TRANSPOSED, AS_IS, units, size, num_rows, values, draw->by_noise, sde->by_std);
    for (int64_t index = 0; index < units * size; index++)
        sde->log_std_gradient[index] =
            sde->log_std_gradient[index] * 2.0f * sde->std_squared[index] + sde->exploration[index] * sde->by_std[index];
    for (int64_t index = 0; index < num_rows * size; index++)
        network->slopes[last][index] = draw->by_means[index] * (fabsf(means[index]) < clip ? 1.0f : 0.0f);
    differentiate_head(network, num_rows, observations);
    times(network, AS_IS, TRANSPOSED, num_rows, units, size, draw->by_variance, sde->std_squared,
          sde->by_squared_features);
    for (int64_t index = 0; index < num_rows * units; index++)
        slopes[index] += 2.0f * values[index] * sde->by_squared_features[index];
    network->sgemm(ROW_BY_ROW, AS_IS, TRANSPOSED, num_rows, units, size, 1.0f, draw->by_noise, size, sde->exploration,
                   size, 1.0f, slopes, units);
    backward(network, num_rows, observations);
}

/* ---- a standard deviation for each action ---- */

static float clip_log_std(float log_std)
{
    return log_std < LOWEST_LOG_STD ? LOWEST_LOG_STD : log_std > HIGHEST_LOG_STD ? HIGHEST_LOG_STD : log_std;
}

static void draw_independent(const struct sac_actor *actor, int64_t num_rows, const float *observations,
                             const float *random)
{
    const struct network *network = &actor->network;
    const struct independent *own = &actor->own;
    const struct draw *draw = &actor->draw;
    const int64_t size = network->sizes[network->num_hidden + 1], units = num_units(network);
    const float *means = evaluate(network, num_rows, observations), *values = features(network, observations);
    times(network, AS_IS, TRANSPOSED, num_rows, size, units, values, own->weight, own->log_std);
    for (int64_t index = 0; index < num_rows * size; index++) {
        own->log_std[index] += own->bias[index % size];
        const float std = exponential(clip_log_std(own->log_std[index]));
        draw->means[index] = means[index];
        draw->noise[index] = std * random[index];
        draw->variance[index] = std * std;
    }
    squash(draw, num_rows, size);
}

static void differentiate_independent(const struct sac_actor *actor, int64_t num_rows, const float *observations)
{
    const struct network *network = &actor->network;
    const struct independent *own = &actor->own;
    const struct draw *draw = &actor->draw;
    const int64_t last = network->num_hidden, size = network->sizes[last + 1], units = num_units(network);
    for (int64_t index = 0; index < num_rows * size; index++) {
        const float log_std = own->log_std[index], is_free = clip_log_std(log_std) == log_std ? 1.0f : 0.0f;
        own->by_log_std[index] = is_free * (draw->by_noise[index] * draw->errors[index] +
                                            2.0f * draw->variance[index] * draw->by_variance[index]);
        network->slopes[last][index] = draw->by_means[index];
    }
    times(network, TRANSPOSED, AS_IS, size, units, num_rows, own->by_log_std, features(network, observations),
          own->weight_gradient);
    sum_rows(num_rows, size, own->by_log_std, own->bias_gradient);
    differentiate_head(network, num_rows, observations);
    network->sgemm(ROW_BY_ROW, AS_IS, AS_IS, num_rows, units, size, 1.0f, own->by_log_std, size, own->weight, units,
                   1.0f, network->slopes[last - 1], units);
    backward(network, num_rows, observations);
}

/* ---- the step ---- */

static void draw_actions(const struct sac *sac, int side, int64_t first, int64_t num_rows, const float *observations,
                         const float *random)
{
    const struct batch *batch = &sac->step->batch;
    observations += first * batch->observation_size;
    if (sac->is_state_dependent)
        draw_state_dependent(&sac->actors[side], num_rows, observations);
    else
        draw_independent(&sac->actors[side], num_rows, observations, random + first * batch->action_size);
}

/* Says what critics are to say of some rows. */
static void look_ahead(void *whole, int side, int64_t first, int64_t num_rows)
{
    const struct sac *sac = whole;
    const struct batch *batch = &sac->step->batch;
    const struct reading *room = &sac->step->halves[side];
    const float *log_prob = sac->actors[side].draw.log_prob, ent_coef = (float)sac->ent_coef;
    draw_actions(sac, side, first, num_rows, batch->next_observations, sac->after);
    judge(sac->step, side, num_rows, batch->next_observations + first * batch->observation_size, room->num_targets,
          room->targets);
    for (int64_t row = 0; row < num_rows; row++)
        batch->targets[first + row] = batch->rewards[first + row] +
                                      batch->discounts[first + row] * (room->values[row] - ent_coef * log_prob[row]);
}

static void look_ahead_in_chunks(void *whole, int side)
{
    struct sac *sac = whole;
    if (sac->is_state_dependent)
        prepare_exploration(&sac->actors[side], sac->now);
    for_chunks(sac->step, side, look_ahead, sac);
}

/* Draws actions for the observations of a side's half, and teaches its critics. */
static void draw_and_teach(void *whole, int side)
{
    struct sac *sac = whole;
    const struct batch *batch = &sac->step->batch;
    const int64_t first = first_row(batch, side), num_rows = count_rows(batch, side);
    if (num_rows) {
        draw_actions(sac, side, first, num_rows, batch->observations, sac->now);
        memcpy(sac->log_prob + first, sac->actors[side].draw.log_prob, (size_t)num_rows * sizeof(float));
    }
    teach_critics(sac->step, side);
}

/* Writes a side's part of the actor's gradient and of its loss. */
static void differentiate_actor(void *whole, int side)
{
    struct sac *sac = whole;
    const struct batch *batch = &sac->step->batch;
    const struct reading *half = &sac->step->halves[side];
    const struct sac_actor *actor = &sac->actors[side];
    const int64_t num_rows = count_rows(batch, side);
    const float *observations = batch->observations + first_row(batch, side) * batch->observation_size;
    double sum = 0.0;
    if (num_rows) {
        judge(sac->step, side, num_rows, observations, half->num_critics, half->critics);
        differentiate_by_actions(sac->step, side, -1.0f / (float)batch->num_rows);
        differentiate_draw(&actor->draw, num_rows * batch->action_size, half->by_actions,
                           (float)(sac->ent_coef / (double)batch->num_rows));
        (sac->is_state_dependent ? differentiate_state_dependent : differentiate_independent)(actor, num_rows,
                                                                                              observations);
    }
    for (int64_t row = 0; row < num_rows; row++)
        sum += (float)sac->ent_coef * actor->draw.log_prob[row] - half->values[row];
    sac->step->actor_losses[side] = sum / (double)batch->num_rows;
}

static void teach_half(void *whole, int side)
{
    teach_actor(((struct sac *)whole)->step, side);
}

/* Lets the helper begin a step. */
void begin_sac_step(struct sac *sac, struct helper *helper)
{
    atomic_store(&sac->step->next_chunk, 0);
    if (helper)
        ask(helper, look_ahead_in_chunks, sac);
}

/* Takes a step that has begun. */
void run_sac_step(struct sac *sac, struct helper *helper)
{
    look_ahead_in_chunks(sac, 0);
    if (helper)
        await(helper);
    else
        look_ahead_in_chunks(sac, 1); /* finds no chunk, and prepares its half */
    run_both(helper, draw_and_teach, sac);
    run_both(helper, differentiate_actor, sac);
    run_both(helper, teach_half, sac);
}
