/* SPDX-License-Identifier: MIT */
/* Linux has no <stddef.h>; these types are in its own header. */
#ifndef PV_LINUX_STDDEF_H
#define PV_LINUX_STDDEF_H

#include <linux/types.h>

#endif
