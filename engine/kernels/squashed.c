#include "squashed.h"

#include <float.h>
#include <math.h>

#include "functions.h"

#define LOG_SQRT_2_PI 0.918938533204672742f
#define SQUASH_EPSILON 1e-6f
#define INVERSE_LIMIT (1.0f - FLT_EPSILON) /* largest action that the inverse of tanh tells apart */

/* Writes what log_prob depends on, and returns the part of one action; gaussian is the action before it was squashed. */
static float weigh(const struct draw *draw, int64_t index, float gaussian, float squashed)
{
    const float slope = 1.0f - squashed * squashed, room = slope + SQUASH_EPSILON, variance = draw->variance[index];
    const float error = gaussian - draw->means[index];
    draw->errors[index] = error;
    draw->squash_slopes[index] = 2.0f * squashed * slope / room;
    return -0.5f * (error * error / variance + logf(variance)) - LOG_SQRT_2_PI - logf(room);
}

/* As SquashedDiagGaussianDistribution, which knows the Gaussian's actions. */
void squash(const struct draw *draw, int64_t num_rows, int64_t num_actions)
{
    for (int64_t row = 0; row < num_rows; row++) {
        float log_prob = 0.0f;
        for (int64_t index = row * num_actions; index < (row + 1) * num_actions; index++) {
            const float gaussian = draw->means[index] + draw->noise[index];
            draw->actions[index] = hyperbolic_tangent(gaussian);
            draw->are_free[index] = 1.0f;
            log_prob += weigh(draw, index, gaussian, draw->actions[index]);
        }
        draw->log_prob[row] = log_prob;
    }
}

/* As StateDependentNoiseDistribution, which inverts the actions that it is given. */
void squash_and_invert(const struct draw *draw, int64_t num_rows, int64_t num_actions)
{
    for (int64_t row = 0; row < num_rows; row++) {
        float log_prob = 0.0f;
        for (int64_t index = row * num_actions; index < (row + 1) * num_actions; index++) {
            const float action = hyperbolic_tangent(draw->means[index] + draw->noise[index]);
            const float clipped =
                action > INVERSE_LIMIT ? INVERSE_LIMIT : action < -INVERSE_LIMIT ? -INVERSE_LIMIT : action;
            const float gaussian = 0.5f * (log1pf(clipped) - log1pf(-clipped));
            draw->actions[index] = action;
            draw->are_free[index] = fabsf(action) <= INVERSE_LIMIT ? 1.0f : 0.0f;
            log_prob += weigh(draw, index, gaussian, hyperbolic_tangent(gaussian));
        }
        draw->log_prob[row] = log_prob;
    }
}

/* Writes a loss's derivatives by means, noise and variance, given those by the actions and by each row's log_prob. */
void differentiate_draw(const struct draw *draw, int64_t num_values, const float *by_actions, float by_log_prob)
{
    for (int64_t index = 0; index < num_values; index++) {
        const float error = draw->errors[index], variance = draw->variance[index], action = draw->actions[index];
        const float scaled = error / variance, pull = by_log_prob * scaled;
        const float squashing = by_log_prob * draw->squash_slopes[index];
        const float by_gaussian = by_actions[index] * (1.0f - action * action);
        /* Moving mean and action together changes no error. */
        draw->by_means[index] = by_gaussian + (draw->are_free[index] != 0.0f ? squashing : pull);
        draw->by_noise[index] = by_gaussian + draw->are_free[index] * (squashing - pull);
        draw->by_variance[index] = by_log_prob * (error * scaled - 1.0f) / (2.0f * variance);
    }
}
