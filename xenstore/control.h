/* SPDX-License-Identifier: MIT */
/* What `xenstore-control` asks for. */
#ifndef XENSTORE_CONTROL_H
#define XENSTORE_CONTROL_H

#include "conn.h"

/** XS_CONTROL: a command and its arguments. */
int control_op(struct request *r);

#endif
