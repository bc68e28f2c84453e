/* SPDX-License-Identifier: MIT */
/* Memory nodes of PCI devices; see pci_places.h. */
#include "xl/pci_places.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>

#define DEVICES  "/sys/bus/pci/devices"
#define MAX_DEVS 65536

/* A device's name is segment:bus:device.function, in hexadecimal. */
static bool name_parse(const char *name, struct physdev_pci_device *dev)
{
    unsigned int seg, bus, slot, function;

    if (sscanf(name, "%x:%x:%x.%x", &seg, &bus, &slot, &function) != 4 ||
        seg > 0xffff || bus > 0xff || slot > 0x1f || function > 7)
        return false;
    *dev = (struct physdev_pci_device){
        .seg = (uint16_t)seg,
        .bus = (uint8_t)bus,
        .devfn = (uint8_t)(slot << 3 | function),
    };
    return true;
}

static int device_compare(const void *a, const void *b)
{
    const struct physdev_pci_device *x = a, *y = b;
    unsigned int left = (unsigned int)x->seg << 16 | x->bus << 8 | x->devfn;
    unsigned int right = (unsigned int)y->seg << 16 | y->bus << 8 | y->devfn;

    return left < right ? -1 : left > right;
}

static bool device_add(struct pci_places *places,
                       const struct physdev_pci_device *dev)
{
    struct physdev_pci_device *longer =
        realloc(places->dev, (places->nr + 1) * sizeof(*longer));

    if (!longer)
        return false;
    places->dev = longer;
    places->dev[places->nr++] = *dev;
    return true;
}

static int devices_list(struct pci_places *places, struct error **err_out)
{
    DIR *folder = opendir(DEVICES);
    struct physdev_pci_device dev;
    struct dirent *entry;
    bool good = true;

    if (!folder)
        return 0;
    while (good && places->nr < MAX_DEVS && (entry = readdir(folder)))
        if (name_parse(entry->d_name, &dev))
            good = device_add(places, &dev);
    closedir(folder);
    if (!good)
        return error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
    if (places->nr)
        qsort(places->dev, places->nr, sizeof(*places->dev), device_compare);
    return 0;
}

int pci_places_read(struct privcmd *p, struct pci_places *places_out,
                    struct error **err_out)
{
    struct pci_places places = {0};
    int rc = devices_list(&places, err_out);

    if (!rc && places.nr) {
        places.node = calloc(places.nr, sizeof(*places.node));
        rc = places.node ? sysctl_pci_nodes(p, places.dev, places.node,
                                            places.nr, err_out)
                         : error_set(err_out, ERROR_NO_MEMORY, -ENOMEM,
                                     "out of memory");
    }
    if (rc)
        pci_places_free(&places);
    else
        *places_out = places;
    return rc;
}

void pci_places_free(struct pci_places *places)
{
    free(places->dev);
    free(places->node);
}

static bool has_node(uint32_t node)
{
    return node != XEN_INVALID_NODE_ID && node != XEN_INVALID_DEV;
}

void pci_places_print(FILE *out, const struct pci_places *places)
{
    bool some = false;
    size_t i;

    fputs("device topology        :\n"
          "device           node\n",
          out);
    for (i = 0; i < places->nr; i++) {
        const struct physdev_pci_device *dev = &places->dev[i];

        if (!has_node(places->node[i]))
            continue;
        fprintf(out, "%04x:%02x:%02x.%x      %u\n", dev->seg, dev->bus,
                dev->devfn >> 3, dev->devfn & 7, places->node[i]);
        some = true;
    }
    if (!some)
        fputs("No device topology data available\n", out);
}

void pci_places_json(struct json *j, const struct pci_places *places)
{
    char name[32];
    size_t i;

    json_array(j, "device_topology");
    for (i = 0; i < places->nr; i++) {
        const struct physdev_pci_device *dev = &places->dev[i];

        snprintf(name, sizeof(name), "%04x:%02x:%02x.%x", dev->seg, dev->bus,
                 dev->devfn >> 3, dev->devfn & 7);
        json_object(j, NULL);
        json_text(j, "device", name);
        if (has_node(places->node[i]))
            json_int(j, "node", places->node[i]);
        json_object_end(j);
    }
    json_array_end(j);
}
