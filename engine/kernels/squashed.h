/* Actions of some rows, drawn from a Gaussian and squashed by tanh, and their derivatives: squashed_gaussian.py. */
#ifndef RLROBO_SQUASHED_H
#define RLROBO_SQUASHED_H

#include <stdint.h>

/* All but log_prob (num_rows,) are (num_rows, num_actions). */
struct draw {
    float *means, *noise, *variance; /* of the Gaussian; given */
    float *actions, *log_prob, *errors, *squash_slopes, *are_free; /* 1 where log_prob follows the noise, else 0 */
    float *by_means, *by_noise, *by_variance;
};

void squash(const struct draw *draw, int64_t num_rows, int64_t num_actions);
void squash_and_invert(const struct draw *draw, int64_t num_rows, int64_t num_actions);
void differentiate_draw(const struct draw *draw, int64_t num_values, const float *by_actions, float by_log_prob);

#endif
