/* SPDX-License-Identifier: MIT */
/* How work tells which step it begins, so that somebody can time the steps. */
#ifndef LIB_STEPS_H
#define LIB_STEPS_H

/* Whom to tell; fn NULL: nobody. */
struct steps {
    void (*fn)(void *ctx, const char *doing); /* text that lasts */
    void *ctx;
};

static inline void step_begin(const struct steps *s, const char *doing)
{
    if (s && s->fn)
        s->fn(s->ctx, doing);
}

#endif
