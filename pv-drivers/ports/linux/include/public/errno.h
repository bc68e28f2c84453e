/* SPDX-License-Identifier: MIT */
/* Error numbers: Linux's are the same. */
#ifndef PV_LINUX_PUBLIC_ERRNO_H
#define PV_LINUX_PUBLIC_ERRNO_H

#include <linux/errno.h>

#define XEN_EIO        EIO
#define XEN_ENXIO      ENXIO
#define XEN_E2BIG      E2BIG
#define XEN_ENOMEM     ENOMEM
#define XEN_EBUSY      EBUSY
#define XEN_ENOSPC     ENOSPC
#define XEN_EOPNOTSUPP EOPNOTSUPP

#endif
