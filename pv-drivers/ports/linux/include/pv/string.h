/* SPDX-License-Identifier: MIT */
/* Linux has its own declarations of these. */
#ifndef PV_LINUX_STRING_H
#define PV_LINUX_STRING_H

#include <linux/string.h>

#endif
