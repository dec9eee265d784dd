/* exp and what is made of it, in steps that compilers turn into vector instructions; the errors are about 1e-7.
 * Polynomials are those of Cephes (Moshier 1992, expf and tanhf). What is not a number stays so. */
#ifndef RLROBO_FUNCTIONS_H
#define RLROBO_FUNCTIONS_H

#include <stdint.h>
#include <string.h>

#define LARGEST 88.3f /* whose exponential is finite */
#define ROUNDER 12582912.0f /* 1.5 * 2^23: adding and taking it away rounds to a whole number */

/* *rest = exp(x - n log 2) - 1, |x - n log 2| <= log(2) / 2; returns 2^n. */
static inline float split_exponential(float x, float *rest)
{
    x = x > LARGEST ? LARGEST : x;
    x = x < -87.0f ? -87.0f : x;
    const float power = (x * 1.44269504088896341f + ROUNDER) - ROUNDER;
    const float r = (x - power * 0.693359375f) + power * 2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    *rest = p * r * r + r;
    const int32_t bits = ((int32_t)power + 127) << 23;
    float scale;
    memcpy(&scale, &bits, sizeof scale);
    return scale;
}

static inline float exponential(float x)
{
    float rest;
    const float scale = split_exponential(x, &rest);
    return scale * (rest + 1.0f);
}

/* exp(x) - 1 without losing what is small. */
static inline float exponential_less_1(float x)
{
    float rest;
    const float scale = split_exponential(x, &rest);
    return scale * rest + (scale - 1.0f);
}

static inline float hyperbolic_tangent(float x)
{
    const float size = x < 0.0f ? -x : x;
    const float square = x * x;
    float p = -5.70498872745e-3f;
    p = p * square + 2.06390887954e-2f;
    p = p * square - 5.37397155531e-2f;
    p = p * square + 1.33314422036e-1f;
    p = p * square - 3.33332819422e-1f;
    const float near = p * square * x + x;
    const float far = 1.0f - 2.0f / (exponential(2.0f * size) + 1.0f);
    return size < 0.625f ? near : x < 0.0f ? -far : far;
}

#endif
