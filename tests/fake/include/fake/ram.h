/* SPDX-License-Identifier: MIT */
/* Between the fakes: the file behind the direct map. */
#ifndef FAKE_RAM_H
#define FAKE_RAM_H

extern int fake_ram_fd;

#endif
