/* SPDX-License-Identifier: MIT */
/* For `xl info -n`: the memory nodes that the host's PCI devices belong to. */
#ifndef XL_PCI_PLACES_H
#define XL_PCI_PLACES_H

#include <stdio.h>

#include "lib/json.h"
#include "lib/sysctl.h"

struct pci_places {
    size_t nr;
    struct physdev_pci_device *dev;
    uint32_t *node;
};

/**
 * Ask for the node of each device that the kernel knows.
 *
 * Returns 0, also where there is no bus; -errno.
 */
int pci_places_read(struct privcmd *p, struct pci_places *places_out,
                    struct error **err_out);
void pci_places_free(struct pci_places *places);

void pci_places_print(FILE *out, const struct pci_places *places);
void pci_places_json(struct json *j, const struct pci_places *places);

#endif
