/* SPDX-License-Identifier: MIT */
/* Grants, in Linux's own words. */
#ifndef PV_LINUX_PUBLIC_GRANT_TABLE_H
#define PV_LINUX_PUBLIC_GRANT_TABLE_H

#include <xen/interface/xen.h>

#include <xen/interface/grant_table.h>

#endif
