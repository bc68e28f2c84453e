/* SPDX-License-Identifier: MIT */
/* Linux has no <stdbool.h>; these types are in its own header. */
#ifndef PV_LINUX_STDBOOL_H
#define PV_LINUX_STDBOOL_H

#include <linux/types.h>

#endif
