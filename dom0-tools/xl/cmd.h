/* SPDX-License-Identifier: MIT */
/*
 * Commands of xl, for their table: function and options of each, and what
 * several of them need.
 */
#ifndef XL_CMD_H
#define XL_CMD_H

#include "public/domctl.h"

#include "toolstack/domain.h"
#include "xl/xl.h"

command_fn cmd_block_attach;
command_fn cmd_block_detach;
command_fn cmd_block_list;
command_fn cmd_channel_list;
command_fn cmd_claims;
command_fn cmd_config_update;
command_fn cmd_console;
command_fn cmd_cpupool_cpu_add;
command_fn cmd_cpupool_cpu_remove;
command_fn cmd_cpupool_create;
command_fn cmd_cpupool_destroy;
command_fn cmd_cpupool_list;
command_fn cmd_cpupool_migrate;
command_fn cmd_cpupool_numa_split;
command_fn cmd_cpupool_rename;
command_fn cmd_create;
command_fn cmd_debug_keys;
command_fn cmd_destroy;
command_fn cmd_dmesg;
command_fn cmd_domid;
command_fn cmd_domname;
command_fn cmd_dump_core;
command_fn cmd_getenforce;
command_fn cmd_help;
command_fn cmd_info;
command_fn cmd_list;
command_fn cmd_loadpolicy;
command_fn cmd_mem_max;
command_fn cmd_mem_set;
command_fn cmd_migrate;
command_fn cmd_migrate_receive;
command_fn cmd_network_attach;
command_fn cmd_network_detach;
command_fn cmd_network_list;
command_fn cmd_pause;
command_fn cmd_pci_assignable_list;
command_fn cmd_pci_list;
command_fn cmd_quota_get;
command_fn cmd_quota_set;
command_fn cmd_reboot;
command_fn cmd_rename;
command_fn cmd_restore;
command_fn cmd_resume;
command_fn cmd_save;
command_fn cmd_sched_credit;
command_fn cmd_sched_credit2;
command_fn cmd_setenforce;
command_fn cmd_sharing;
command_fn cmd_shutdown;
command_fn cmd_suspend;
command_fn cmd_sysrq;
command_fn cmd_top;
command_fn cmd_unpause;
command_fn cmd_uptime;
command_fn cmd_vcpu_list;
command_fn cmd_vcpu_pin;
command_fn cmd_vcpu_set;
command_fn cmd_vm_list;

extern const struct option_row config_update_options[];
extern const struct option_row console_options[];
extern const struct option_row cpupool_create_options[];
extern const struct option_row cpupool_list_options[];
extern const struct option_row create_options[];
extern const struct option_row destroy_options[];
extern const struct option_row detach_options[];
extern const struct option_row dmesg_options[];
extern const struct option_row info_options[];
extern const struct option_row list_options[];
extern const struct option_row migrate_options[];
extern const struct option_row quota_options[];
extern const struct option_row receive_options[];
extern const struct option_row restore_options[];
extern const struct option_row save_options[];
extern const struct option_row sched_credit2_options[];
extern const struct option_row sched_credit_options[];
extern const struct option_row shutdown_options[];
extern const struct option_row top_options[];
extern const struct option_row uptime_options[];
extern const struct option_row vcpu_pin_options[];
extern const struct option_row vcpu_set_options[];

/* Hypervisor and store, opened when first asked for. Returns 0 or -errno. */
int xl_open(struct xl *xl, struct privcmd **p_out, struct store **s_out,
            struct error **err_out);

/**
 * The domains that a command is about: the one that is named, or all of them.
 *
 * @args, @nr_args  names or ids of domains; none: all
 *
 * Returns 0; -ESRCH (NO_DOMAIN).
 */
int xl_domains(struct xl *xl, int nr_args, char **args,
               struct domain_list *list_out, struct error **err_out);

/* For `list -l`: configurations as JSON. Returns 0 or -errno. */
int list_long(struct xl *xl, const struct domain_list *list,
              unsigned int sched_id, struct error **err_out);

/* Name of a scheduler, XEN_SCHEDULER_*. */
const char *sched_name(unsigned int sched_id);

/* Store the error of a failed allocation. Returns -ENOMEM. */
int out_of_memory(struct error **err_out);

/**
 * Read a number.
 *
 * @what  that it is, for the error
 *
 * Returns 0; -EINVAL (USAGE) where it is none or is outside of min..max.
 */
int number_parse(const char *text, const char *what, long min, long max,
                 long *number_out, struct error **err_out);

#endif
