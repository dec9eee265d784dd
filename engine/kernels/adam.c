#include "adam.h"

#include <math.h>

/* Step number num_steps for the parameters from begin to end; gradients are taken times scale. */
void take_step(const struct adam *adam, int64_t begin, int64_t end, int64_t num_steps, float scale)
{
    const float decay = (float)adam->weight_decay, eps = (float)adam->eps, beta2 = (float)adam->beta2;
    const float mean_part = (float)(1.0 - adam->beta1), square_part = (float)(1.0 - adam->beta2);
    const float length = (float)(adam->learning_rate / (1.0 - pow(adam->beta1, (double)num_steps)));
    const float correction = (float)sqrt(1.0 - pow(adam->beta2, (double)num_steps));
    float *restrict values = adam->values, *restrict means = adam->means, *restrict squares = adam->squares;
    const float *restrict gradients = adam->gradients;
    for (int64_t index = begin; index < end; index++) {
        const float gradient = gradients[index] * scale + decay * values[index];
        means[index] += mean_part * (gradient - means[index]);
        squares[index] = beta2 * squares[index] + square_part * gradient * gradient;
        values[index] -= length * means[index] / (sqrtf(squares[index]) / correction + eps);
    }
}

/* Moves targets the part tau of the way to values, as stable_baselines3.common.utils.polyak_update does. */
void follow(double tau, const float *restrict values, int64_t num_values, float *restrict targets)
{
    const float part = (float)tau, rest = (float)(1.0 - tau);
    for (int64_t index = 0; index < num_values; index++)
        targets[index] = targets[index] * rest + part * values[index];
}
