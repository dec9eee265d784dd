/* A pass of PPO over a rollout: the losses of ppo_loss.py, the clip of the gradient and Adam, minibatch by minibatch.
 *
 * Actor and critic share nothing but the norm of the gradient. Each is a side that runs on a thread of its own and waits
 * for the other once a minibatch; one thread runs both in turns, with the same bits. */
#include <math.h>

#include "adam.h"
#include "functions.h"
#include "network.h"
#include "sides.h"

enum { ACTOR, CRITIC };
#define LOG_SQRT_2_PI 0.918938533204672742
#define SDE_EPSILON 1e-6f
#define NORMALIZATION_EPSILON 1e-8
#define NORM_EPSILON 1e-6

/* All parameters, and those of either side as spans of their vector. */
struct parameters {
    struct adam adam;
    const int64_t *spans[2]; /* begin, end, begin, end, ... */
    int64_t num_spans[2];
    double max_grad_norm;
};

/* A rollout in the order of its minibatches, (num_rows,) but the first two. */
struct rows {
    const float *observations, *actions, *old_values, *old_log_prob, *advantages, *returns;
    int64_t num_rows, batch_size;
};

/* Of the actions: log_std (units, actions) with gSDE, else (actions,), and room for a minibatch. */
struct noise {
    const float *log_std;
    float *log_std_gradient, *std_squared, *squared_features, *variance, *by_variance;
    int64_t is_state_dependent;
};

struct coefficients {
    double clip_range, clip_range_vf /* negative: none */, ent_coef, vf_coef, largest_kl;
    int64_t normalize_advantage;
};

/* What was seen in each minibatch. */
struct seen {
    double *policy, *entropy, *clip_fraction, *approx_kl, *value;
};

struct pass {
    struct network actor, critic;
    struct parameters parameters;
    struct rows rows;
    struct noise noise;
    struct coefficients given;
    struct seen seen;
    double norms[2][2]; /* of minibatches with even and odd numbers: squared norm of either side's gradient */
    struct meeting meeting;
    _Atomic int64_t stopped_at;
};

/* ---- the actor ---- */

static void spread(const struct pass *pass, int64_t num_rows, const float *inputs)
{
    const struct noise *noise = &pass->noise;
    const int64_t last = pass->actor.num_hidden, num_units = pass->actor.sizes[last], size = pass->actor.sizes[last + 1];
    const float *units = features(&pass->actor, inputs);
    const int64_t num_std = noise->is_state_dependent ? num_units * size : size;
    for (int64_t index = 0; index < num_std; index++)
        noise->std_squared[index] = exponential(2.0f * noise->log_std[index]);
    if (!noise->is_state_dependent) {
        for (int64_t index = 0; index < num_rows * size; index++)
            noise->variance[index] = noise->std_squared[index % size];
        return;
    }
    for (int64_t index = 0; index < num_rows * num_units; index++)
        noise->squared_features[index] = units[index] * units[index];
    times(&pass->actor, AS_IS, AS_IS, num_rows, size, num_units, noise->squared_features, noise->std_squared,
          noise->variance);
    for (int64_t index = 0; index < num_rows * size; index++)
        noise->variance[index] += SDE_EPSILON;
}

static void differentiate_spread(const struct pass *pass, int64_t num_rows)
{
    const struct noise *noise = &pass->noise;
    const int64_t last = pass->actor.num_hidden, num_units = pass->actor.sizes[last], size = pass->actor.sizes[last + 1];
    int64_t num_std = size;
    if (noise->is_state_dependent) {
        num_std = num_units * size;
        times(&pass->actor, TRANSPOSED, AS_IS, num_units, size, num_rows, noise->squared_features, noise->by_variance,
              noise->log_std_gradient);
    } else
        sum_rows(num_rows, size, noise->by_variance, noise->log_std_gradient);
    for (int64_t index = 0; index < num_std; index++)
        noise->log_std_gradient[index] *= 2.0f * noise->std_squared[index];
}

/* Returns 1 / (standard deviation + epsilon) of advantages, 1 where they stay as they are; *shift is their mean. */
static double scale_of(const struct coefficients *given, int64_t num_rows, const float *advantages, double *shift)
{
    *shift = 0.0;
    if (!given->normalize_advantage || num_rows == 1)
        return 1.0;
    double sum = 0.0, squares = 0.0;
    for (int64_t row = 0; row < num_rows; row++)
        sum += advantages[row];
    *shift = sum / (double)num_rows;
    for (int64_t row = 0; row < num_rows; row++)
        squares += (advantages[row] - *shift) * (advantages[row] - *shift);
    return 1.0 / (sqrt(squares / (double)(num_rows - 1)) + NORMALIZATION_EPSILON);
}

static void differentiate_actor(struct pass *pass, int64_t minibatch, int64_t first, int64_t num_rows)
{
    const struct coefficients *given = &pass->given;
    const struct noise *noise = &pass->noise;
    const int64_t last = pass->actor.num_hidden, size = pass->actor.sizes[last + 1];
    const float *inputs = pass->rows.observations + first * pass->actor.sizes[0];
    const float *actions = pass->rows.actions + first * size, *advantages = pass->rows.advantages + first;
    const float *means = evaluate(&pass->actor, num_rows, inputs);
    float *by_means = pass->actor.slopes[last];
    double shift, policy = 0.0, entropy = 0.0, kl = 0.0;
    const double scale = scale_of(given, num_rows, advantages, &shift);
    const float by_entropy = (float)(given->ent_coef / (double)num_rows);
    const float lowest = (float)(1.0 - given->clip_range), highest = (float)(1.0 + given->clip_range);
    int64_t num_clipped = 0;
    spread(pass, num_rows, inputs);
    for (int64_t row = 0; row < num_rows; row++) {
        const float *action = actions + row * size, *mean = means + row * size, *variance = noise->variance + row * size;
        double distance = 0.0, log_std = 0.0;
        for (int64_t unit = 0; unit < size; unit++) {
            const float error = action[unit] - mean[unit];
            distance += error * error / variance[unit];
            log_std += 0.5f * logf(variance[unit]);
        }
        const float log_ratio =
            (float)(-0.5 * distance - log_std - LOG_SQRT_2_PI * (double)size) - pass->rows.old_log_prob[first + row];
        const float ratio = expf(log_ratio), advantage = (float)((advantages[row] - shift) * scale);
        const float clipped = ratio < lowest ? lowest : ratio > highest ? highest : ratio;
        /* The clip has no slope where it decides. Where both are the same, torch gives each half of it. */
        const int has_slope = advantage * ratio <= advantage * clipped;
        const float by_log_prob = has_slope ? -advantage * ratio / (float)num_rows : 0.0f;
        for (int64_t unit = 0; unit < size; unit++) {
            const float error = action[unit] - mean[unit], scaled = error / variance[unit];
            by_means[row * size + unit] = by_log_prob * scaled;
            noise->by_variance[row * size + unit] =
                (by_log_prob * (error * scaled - 1.0f) - by_entropy) / (2.0f * variance[unit]);
        }
        policy -= has_slope ? advantage * ratio : advantage * clipped;
        entropy -= log_std + (LOG_SQRT_2_PI + 0.5) * (double)size;
        kl += ratio - 1.0f - log_ratio;
        num_clipped += fabsf(ratio - 1.0f) > (float)given->clip_range;
    }
    differentiate_spread(pass, num_rows);
    differentiate(&pass->actor, num_rows, inputs);
    pass->seen.policy[minibatch] = policy / (double)num_rows;
    pass->seen.entropy[minibatch] = entropy / (double)num_rows;
    pass->seen.approx_kl[minibatch] = kl / (double)num_rows;
    pass->seen.clip_fraction[minibatch] = (double)num_clipped / (double)num_rows;
    if (kl / (double)num_rows > given->largest_kl)
        atomic_store(&pass->stopped_at, minibatch);
}

/* ---- the critic ---- */

static void differentiate_critic(struct pass *pass, int64_t minibatch, int64_t first, int64_t num_rows)
{
    const struct rows *rows = &pass->rows;
    const float *inputs = rows->observations + first * pass->critic.sizes[0];
    const float *values = evaluate(&pass->critic, num_rows, inputs);
    float *by_values = pass->critic.slopes[pass->critic.num_hidden];
    const float scale = (float)(2.0 * pass->given.vf_coef / (double)num_rows), clip = (float)pass->given.clip_range_vf;
    double loss = 0.0;
    for (int64_t row = 0; row < num_rows; row++) {
        float value = values[row], has_slope = 1.0f;
        if (clip >= 0.0f) {
            const float old = rows->old_values[first + row], change = value - old;
            value = old + (change < -clip ? -clip : change > clip ? clip : change);
            has_slope = fabsf(change) <= clip ? 1.0f : 0.0f;
        }
        const float error = value - rows->returns[first + row];
        loss += error * error;
        by_values[row] = scale * error * has_slope;
    }
    differentiate(&pass->critic, num_rows, inputs);
    pass->seen.value[minibatch] = loss / (double)num_rows;
}

/* ---- both ---- */

static double squared_norm(const struct parameters *parameters, int side)
{
    const float *gradients = parameters->adam.gradients;
    double sum = 0.0;
    for (int64_t span = 0; span < parameters->num_spans[side]; span++) {
        const int64_t begin = parameters->spans[side][2 * span], end = parameters->spans[side][2 * span + 1];
        float parts[16] = {0.0f}; /* so that the compiler may add many at once, in an order that is always the same */
        int64_t index = begin;
        for (; index + 16 <= end; index += 16)
            for (int64_t part = 0; part < 16; part++)
                parts[part] += gradients[index + part] * gradients[index + part];
        for (; index < end; index++)
            sum += gradients[index] * gradients[index];
        for (int64_t part = 0; part < 16; part++)
            sum += parts[part];
    }
    return sum;
}

/* torch.nn.utils.clip_grad_norm_ and Adam for one side's parameters. */
static void step(const struct parameters *parameters, int side, int64_t num_steps, double norm)
{
    const double clip = parameters->max_grad_norm / (norm + NORM_EPSILON);
    const float scale = (float)(clip > 1.0 ? 1.0 : clip);
    for (int64_t span = 0; span < parameters->num_spans[side]; span++)
        take_step(&parameters->adam, parameters->spans[side][2 * span], parameters->spans[side][2 * span + 1], num_steps,
                  scale);
}

static void differentiate_side(struct pass *pass, int side, int64_t minibatch)
{
    const int64_t first = minibatch * pass->rows.batch_size, left = pass->rows.num_rows - first;
    const int64_t num_rows = left < pass->rows.batch_size ? left : pass->rows.batch_size;
    (side == ACTOR ? differentiate_actor : differentiate_critic)(pass, minibatch, first, num_rows);
    pass->norms[minibatch % 2][side] = squared_norm(&pass->parameters, side);
}

static void step_side(struct pass *pass, int side, int64_t minibatch)
{
    const double *norms = pass->norms[minibatch % 2];
    const int64_t num_steps = pass->parameters.adam.num_steps + minibatch + 1;
    step(&pass->parameters, side, num_steps, sqrt(norms[ACTOR] + norms[CRITIC]));
}

/* Updates a side, or both, with every minibatch. Ends early, without a step, where the policy has gone too far: there is
 * the minibatch `stopped_at`. */
void run_pass(struct pass *pass, int side)
{
    const int64_t num_minibatches = (pass->rows.num_rows + pass->rows.batch_size - 1) / pass->rows.batch_size;
    for (int64_t minibatch = 0; minibatch < num_minibatches; minibatch++) {
        if (side == BOTH) {
            differentiate_side(pass, ACTOR, minibatch);
            differentiate_side(pass, CRITIC, minibatch);
        } else {
            differentiate_side(pass, side, minibatch);
            meet(&pass->meeting, side);
        }
        if (atomic_load(&pass->stopped_at) == minibatch)
            return;
        if (side != CRITIC)
            step_side(pass, ACTOR, minibatch);
        if (side != ACTOR)
            step_side(pass, CRITIC, minibatch);
    }
}
