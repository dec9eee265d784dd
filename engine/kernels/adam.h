/* torch.optim.Adam over a part of a vector, and targets that follow what has learned. */
#ifndef RLROBO_ADAM_H
#define RLROBO_ADAM_H

#include <stdint.h>

/* Parameters and the view that Adam has of them, each a vector. */
struct adam {
    float *values, *gradients, *means, *squares;
    double learning_rate, beta1, beta2, eps, weight_decay;
    int64_t num_steps; /* taken before */
};

void take_step(const struct adam *adam, int64_t begin, int64_t end, int64_t num_steps, float scale);
void follow(double tau, const float *values, int64_t num_values, float *targets);

#endif
