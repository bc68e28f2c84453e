/* SPDX-License-Identifier: MIT */
/*
 * What a configuration asks for: the keys of xl.cfg, read and checked one by
 * one. The keys stand in the table of config_keys.c; a key that is not there is
 * an error.
 */
#ifndef TOOLSTACK_CONFIG_H
#define TOOLSTACK_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <uuid/uuid.h>

#include "config/file.h"
#include "lib/error.h"
#include "toolstack/device_config.h"

/* Longest command line of a PV kernel, without its NUL. */
#define CONFIG_MAX_CMDLINE 1023

/* Vcpus and channels of a guest, at most. */
#define CONFIG_MAX_VCPUS    128
#define CONFIG_MAX_CHANNELS 31

/* What becomes of a domain that has ended. */
enum vm_action {
    VM_DESTROY,
    VM_RESTART,
    VM_RENAME_RESTART, /* keep it by another name, and start a new one */
    VM_PRESERVE,       /* keep it */
};

/* As xl.cfg names them. */
const char *vm_action_name(enum vm_action action);
const char *vm_tsc_mode_name(long mode);

struct vm_config {
    char *name;
    uuid_t uuid;
    bool has_uuid;
    long domid; /* that it must have; -1: any */

    uint64_t memory_kib;
    uint64_t max_memory_kib;
    long memory_mib; /* as given; -1: not given */
    long max_memory_mib;
    long vcpus; /* online at start */
    long max_vcpus;

    char *bootloader; /* of the guest's own kernel, or NULL */
    char *bootloader_args;
    char *firmware;
    char *kernel;
    char *ramdisk;
    char *cmdline; /* of root and extra, or as given; never NULL */
    char *root;
    char *extra;

    /* Sets of CPUs as text, NULL: all; one, or one for each vcpu. */
    char *cpus[CONFIG_MAX_VCPUS];
    char *cpus_soft[CONFIG_MAX_VCPUS];
    size_t nr_cpus, nr_cpus_soft;
    long cpu_weight; /* -1: the scheduler's default */
    long cap;

    long max_grant_frames; /* -1: the host's default */
    long max_maptrack_frames;
    long max_grant_version;
    long max_event_channels;

    enum vm_action on_poweroff;
    enum vm_action on_reboot;
    enum vm_action on_crash;
    enum vm_action on_watchdog;
    enum vm_action on_soft_reset;

    char *pool;       /* name or number; NULL: the first */
    char *cpuid;      /* see cpuid_config.h; NULL: as the hypervisor has it */
    long tsc_mode;    /* as XEN_DOMCTL_settscinfo counts; 0: the default */
    long local_time;  /* 0 or 1 */
    long time_offset; /* seconds; in text also what local_time adds */
    long no_migrate;  /* 0 or 1 */

    struct disk_config *disk;
    size_t nr_disks;
    struct vif_config *vif;
    size_t nr_vifs;
    struct channel_config *channel; /* its consoles from 1 on */
    size_t nr_channels;
};

/* What a configuration is that says nothing. */
void vm_config_init(struct vm_config *config);

/* Complaints that are no errors, a text each. */
struct config_warnings {
    char **text;
    size_t nr;
};

/* Add one. */
void config_warn(struct config_warnings *warnings, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/**
 * Read what a configuration asks for.
 *
 * @warnings  gets what a person should know of; config_warnings_free() ends it
 *
 * Returns 0; -EINVAL (CONFIG) with file, line, key and reason.
 */
int vm_config_read(const struct config_file *file, struct vm_config *config,
                   struct config_warnings *warnings, struct error **err_out);

void vm_config_free(struct vm_config *config);

/* Free its disks and network interfaces alone. */
void vm_config_devices_free(struct vm_config *config);
void config_warnings_free(struct config_warnings *warnings);

#endif
