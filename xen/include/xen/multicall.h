/* SPDX-License-Identifier: MIT */
/* A batch of hypercalls, as seen by the calls inside it. */
#ifndef XEN_MULTICALL_H
#define XEN_MULTICALL_H

/** The entry being executed goes on with these arguments next time. */
void multicall_continue(const unsigned long args[6]);

#endif
