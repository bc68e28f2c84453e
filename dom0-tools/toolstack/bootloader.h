/* SPDX-License-Identifier: MIT */
/*
 * Kernels from the guest's own disk. What is on that disk is the guest's, and
 * nothing of it is read here: the guest is started with GRUB's image for PV
 * domains, which finds the kernel on the disk from the inside.
 */
#ifndef TOOLSTACK_BOOTLOADER_H
#define TOOLSTACK_BOOTLOADER_H

#include "toolstack/config.h"

/* The image, unless XENIA_GRUB in the environment says another one. */
#define BOOTLOADER_IMAGE "/usr/lib/grub-xen/grub-x86_64-xen.bin"

/**
 * Where a configuration names a boot loader, make GRUB's image its kernel.
 *
 * Returns 0; -EINVAL (CONFIG) where it names one that is not known; -ENOENT
 *         (IMAGE) where the image is not installed.
 */
int bootloader_apply(struct vm_config *config, struct error **err_out);

#endif
