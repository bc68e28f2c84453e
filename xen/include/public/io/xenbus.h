/* SPDX-License-Identifier: MIT */
/* What either end of a device writes to its `state` node. */
#ifndef XEN_PUBLIC_IO_XENBUS_H
#define XEN_PUBLIC_IO_XENBUS_H

#define XenbusStateUnknown       0
#define XenbusStateInitialising  1
#define XenbusStateInitWait      2 /* backend: waits for what frontend writes */
#define XenbusStateInitialised   3 /* frontend: rings are there */
#define XenbusStateConnected     4
#define XenbusStateClosing       5
#define XenbusStateClosed        6
#define XenbusStateReconfiguring 7
#define XenbusStateReconfigured  8

#endif
