/* SPDX-License-Identifier: MIT */
/*
 * A domain's configuration as the toolstack keeps it while the domain is there,
 * in the stock tools' JSON: they can list, save and migrate the domain by it.
 */
#ifndef TOOLSTACK_SAVED_CONFIG_H
#define TOOLSTACK_SAVED_CONFIG_H

#include "public/types.h"

#include "lib/error.h"
#include "toolstack/config.h"

/* Where they lie, unless XENIA_SAVED_CONFIGS in the environment says another
 * folder, as tests do. */
#define SAVED_CONFIG_FOLDER "/var/lib/xen"
const char *saved_config_folder(void);

/**
 * Keep the configuration of a new domain.
 *
 * Returns 0; -errno (INTERNAL).
 * Source: observed: userdata-d.<domid>.<uuid>.libxl-json.
 */
int saved_config_write(domid_t domid, const struct vm_config *config,
                       struct error **err_out);

/* The same as a text that the caller frees. Returns 0; -errno. */
int saved_config_text(const struct vm_config *config, char **text_out,
                      struct error **err_out);

/* Keep such a text. Returns 0; -errno (INTERNAL). */
int saved_config_keep(domid_t domid, const uuid_t uuid, const char *text,
                      struct error **err_out);

/**
 * Read what is kept of a domain.
 *
 * @uuid      as text
 * @text_out  JSON that the caller frees; NULL where nothing is kept
 *
 * Returns 0; -errno (INTERNAL).
 */
int saved_config_read(domid_t domid, const char *uuid, char **text_out,
                      struct error **err_out);

/**
 * Understand such a text, which may come from anybody.
 *
 * @config  vm_config_free() ends it
 *
 * Returns 0; -EINVAL (CONFIG).
 */
int saved_config_parse(const char *text, struct vm_config *config,
                       struct error **err_out);

/**
 * Does such a text say that its domain may be neither saved nor migrated?
 *
 * Returns 0; -EINVAL (CONFIG) where it is no JSON.
 */
int saved_config_stays(const char *text, bool *stays_out,
                       struct error **err_out);

/* What may have changed since a domain was created. */
struct saved_config_now {
    const char *name;
    uint64_t memory_kib;
    uint64_t max_memory_kib;
    long domid; /* that it shall have when it comes again; -1: any */
};

/**
 * Bring such a text up to date; all else in it stays.
 *
 * @text_out  what the caller frees
 *
 * Returns 0; -EINVAL (CONFIG).
 */
int saved_config_edit(const char *text, const struct saved_config_now *now,
                      char **text_out, struct error **err_out);

/* A device that has come or gone. */
struct saved_config_device {
    const char *class;   /* "vbd" or "vif" */
    unsigned int number; /* of the disk, or which interface */
    /* What has come; both NULL: it has gone. */
    const struct disk_config *disk;
    const struct vif_config *vif;
};

/* Bring such a text up to date. As saved_config_edit(). */
int saved_config_edit_device(const char *text,
                             const struct saved_config_device *d,
                             char **text_out, struct error **err_out);

/**
 * Keep that a domain's device has come or gone; nothing to do where nothing is
 * kept.
 *
 * @uuid  as text
 *
 * Returns 0; -errno (INTERNAL); -EINVAL (CONFIG) where no JSON is kept.
 */
int saved_config_device(domid_t domid, const char *uuid,
                        const struct saved_config_device *d,
                        struct error **err_out);

/* Vcpus that have been pinned: sets as in `cpus` of xl.cfg. */
struct saved_config_pins {
    unsigned int first, last;
    unsigned int nr_vcpus; /* that the domain has */
    const char *hard;      /* NULL: as before */
    const char *soft;
};

/* Bring such a text up to date. As saved_config_edit(). */
int saved_config_edit_pins(const char *text,
                           const struct saved_config_pins *pins,
                           char **text_out, struct error **err_out);

/* Keep that vcpus have been pinned. As saved_config_device(). */
int saved_config_pin(domid_t domid, const char *uuid,
                     const struct saved_config_pins *pins,
                     struct error **err_out);

/* Forget it, if it is there. */
void saved_config_remove(domid_t domid, const char *uuid);

#endif
