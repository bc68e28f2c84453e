/* SPDX-License-Identifier: MIT */
/* Shares of the daemon; see budget.h. */
#include "consoled/budget.h"

static int64_t budget_max(uint32_t rate)
{
    return rate / 4;
}

void budget_init(struct budget *b, uint32_t rate, uint64_t now_ms)
{
    b->left = budget_max(rate);
    b->at_ms = now_ms;
}

bool budget_fill(struct budget *b, uint32_t rate, uint64_t now_ms)
{
    uint64_t passed = now_ms - b->at_ms;

    /* More than a second fills any. */
    passed = passed < 1000 ? passed : 1000;
    b->left += (int64_t)(passed * rate / 1000);
    if (b->left > budget_max(rate))
        b->left = budget_max(rate);
    b->at_ms = now_ms;
    return b->left > 0;
}

bool budget_use(struct budget *b, uint32_t amount)
{
    b->left -= amount;
    return b->left > 0;
}
