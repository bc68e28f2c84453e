/* SPDX-License-Identifier: MIT */
/* Root tables of their own for guests: counts how often copies are forgotten.
 */
#include "fake/fake.h"

#include "asm/xpti.h"

bool xpti_enabled;
unsigned int fake_roots_forgotten;

bool xpti_wanted(const struct domain *d)
{
    (void)d;
    return false;
}

void xpti_forget_roots(void)
{
    fake_roots_forgotten++;
}
