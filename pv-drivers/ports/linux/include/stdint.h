/* SPDX-License-Identifier: MIT */
/* Linux has no <stdint.h>; these types are in its own header. */
#ifndef PV_LINUX_STDINT_H
#define PV_LINUX_STDINT_H

#include <linux/limits.h>
#include <linux/types.h>

#define UINT64_MAX U64_MAX

#endif
