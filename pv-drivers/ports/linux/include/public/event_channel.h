/* SPDX-License-Identifier: MIT */
/* Event channels, in Linux's own words. */
#ifndef PV_LINUX_PUBLIC_EVENT_CHANNEL_H
#define PV_LINUX_PUBLIC_EVENT_CHANNEL_H

#include <xen/interface/xen.h>

#include <xen/interface/event_channel.h>

#endif
