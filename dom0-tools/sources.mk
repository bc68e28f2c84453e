# SPDX-License-Identifier: MIT
# What xl is made of, but for its main(): the unit tests are linked with it too.
XL_SRC :=
XL_SRC += dom0-tools/build/build.c
XL_SRC += dom0-tools/build/guest.c
XL_SRC += dom0-tools/build/kernel.c
XL_SRC += dom0-tools/build/kernel_cache.c
XL_SRC += dom0-tools/build/layout.c
XL_SRC += dom0-tools/build/pagetable.c
XL_SRC += dom0-tools/config/file.c
XL_SRC += dom0-tools/consoled/history_read.c
XL_SRC += dom0-tools/lib/backend_stats.c
XL_SRC += dom0-tools/lib/background.c
XL_SRC += dom0-tools/lib/cancel.c
XL_SRC += dom0-tools/lib/dnsmasq.c
XL_SRC += dom0-tools/lib/domctl.c
XL_SRC += dom0-tools/lib/domctl_state.c
XL_SRC += dom0-tools/lib/error.c
XL_SRC += dom0-tools/lib/evtchn.c
XL_SRC += dom0-tools/lib/firewall.c
XL_SRC += dom0-tools/lib/gnttab.c
XL_SRC += dom0-tools/lib/hypercall.c
XL_SRC += dom0-tools/lib/json.c
XL_SRC += dom0-tools/lib/lock.c
XL_SRC += dom0-tools/lib/loop.c
XL_SRC += dom0-tools/lib/memory.c
XL_SRC += dom0-tools/lib/mmuext.c
XL_SRC += dom0-tools/lib/nbd.c
XL_SRC += dom0-tools/lib/nbd_server.c
XL_SRC += dom0-tools/lib/netdev.c
XL_SRC += dom0-tools/lib/netroute.c
XL_SRC += dom0-tools/lib/pid_file.c
XL_SRC += dom0-tools/lib/privcmd.c
XL_SRC += dom0-tools/lib/process.c
XL_SRC += dom0-tools/lib/run_file.c
XL_SRC += dom0-tools/lib/service.c
XL_SRC += dom0-tools/lib/sysctl.c
XL_SRC += dom0-tools/lib/sysctl_cpupool.c
XL_SRC += dom0-tools/lib/version.c
XL_SRC += dom0-tools/lib/worker.c
XL_SRC += dom0-tools/lib/zeros.c
XL_SRC += dom0-tools/stream/core.c
XL_SRC += dom0-tools/stream/file.c
XL_SRC += dom0-tools/stream/io.c
XL_SRC += dom0-tools/stream/p2m.c
XL_SRC += dom0-tools/stream/restore.c
XL_SRC += dom0-tools/stream/restore_finish.c
XL_SRC += dom0-tools/stream/restore_pages.c
XL_SRC += dom0-tools/stream/save.c
XL_SRC += dom0-tools/stream/save_pages.c
XL_SRC += dom0-tools/toolstack/backend_daemon.c
XL_SRC += dom0-tools/toolstack/bootloader.c
XL_SRC += dom0-tools/toolstack/channel_config.c
XL_SRC += dom0-tools/toolstack/config.c
XL_SRC += dom0-tools/toolstack/config_keys.c
XL_SRC += dom0-tools/toolstack/config_text.c
XL_SRC += dom0-tools/toolstack/console.c
XL_SRC += dom0-tools/toolstack/control.c
XL_SRC += dom0-tools/toolstack/cpuid_config.c
XL_SRC += dom0-tools/toolstack/cpuid_set.c
XL_SRC += dom0-tools/toolstack/cpumap.c
XL_SRC += dom0-tools/toolstack/create.c
XL_SRC += dom0-tools/toolstack/destroy.c
XL_SRC += dom0-tools/toolstack/device.c
XL_SRC += dom0-tools/toolstack/device_channel.c
XL_SRC += dom0-tools/toolstack/device_config.c
XL_SRC += dom0-tools/toolstack/device_disk.c
XL_SRC += dom0-tools/toolstack/device_list.c
XL_SRC += dom0-tools/toolstack/device_vif.c
XL_SRC += dom0-tools/toolstack/disk_config.c
XL_SRC += dom0-tools/toolstack/disk_image.c
XL_SRC += dom0-tools/toolstack/disk_number.c
XL_SRC += dom0-tools/toolstack/domain.c
XL_SRC += dom0-tools/toolstack/handshake.c
XL_SRC += dom0-tools/toolstack/ending.c
XL_SRC += dom0-tools/toolstack/host_config.c
XL_SRC += dom0-tools/toolstack/hotplug.c
XL_SRC += dom0-tools/toolstack/memory_target.c
XL_SRC += dom0-tools/toolstack/migrate.c
XL_SRC += dom0-tools/toolstack/monitor.c
XL_SRC += dom0-tools/toolstack/nat.c
XL_SRC += dom0-tools/toolstack/peer.c
XL_SRC += dom0-tools/toolstack/pool.c
XL_SRC += dom0-tools/toolstack/save.c
XL_SRC += dom0-tools/toolstack/saved_config.c
XL_SRC += dom0-tools/toolstack/saved_config_devices.c
XL_SRC += dom0-tools/toolstack/saved_config_edit.c
XL_SRC += dom0-tools/toolstack/saved_config_pins.c
XL_SRC += dom0-tools/toolstack/saved_config_parse.c
XL_SRC += dom0-tools/toolstack/store.c
XL_SRC += dom0-tools/toolstack/store_batch.c
XL_SRC += dom0-tools/toolstack/store_tree.c
XL_SRC += dom0-tools/toolstack/suggest.c
XL_SRC += dom0-tools/toolstack/suspend.c
XL_SRC += dom0-tools/toolstack/usage.c
XL_SRC += dom0-tools/toolstack/vif_config.c
XL_SRC += dom0-tools/toolstack/watch_record.c
XL_SRC += dom0-tools/toolstack/watcher.c
XL_SRC += dom0-tools/xl/cmd_attach.c
XL_SRC += dom0-tools/xl/cmd_common.c
XL_SRC += dom0-tools/xl/cmd_console.c
XL_SRC += dom0-tools/xl/cmd_cpupool.c
XL_SRC += dom0-tools/xl/cmd_create.c
XL_SRC += dom0-tools/xl/cmd_devices.c
XL_SRC += dom0-tools/xl/cmd_dmesg.c
XL_SRC += dom0-tools/xl/cmd_dump.c
XL_SRC += dom0-tools/xl/cmd_info.c
XL_SRC += dom0-tools/xl/cmd_life.c
XL_SRC += dom0-tools/xl/cmd_list.c
XL_SRC += dom0-tools/xl/cmd_list_long.c
XL_SRC += dom0-tools/xl/cmd_memory.c
XL_SRC += dom0-tools/xl/cmd_migrate.c
XL_SRC += dom0-tools/xl/cmd_name.c
XL_SRC += dom0-tools/xl/cmd_none.c
XL_SRC += dom0-tools/xl/cmd_pool.c
XL_SRC += dom0-tools/xl/cmd_quota.c
XL_SRC += dom0-tools/xl/cmd_save.c
XL_SRC += dom0-tools/xl/cmd_sched.c
XL_SRC += dom0-tools/xl/cmd_top.c
XL_SRC += dom0-tools/xl/cmd_uptime.c
XL_SRC += dom0-tools/xl/cmd_vcpu.c
XL_SRC += dom0-tools/xl/cmd_xsm.c
XL_SRC += dom0-tools/xl/command_table.c
XL_SRC += dom0-tools/xl/config_input.c
XL_SRC += dom0-tools/xl/console.c
XL_SRC += dom0-tools/xl/create_console.c
XL_SRC += dom0-tools/xl/help.c
XL_SRC += dom0-tools/xl/incoming.c
XL_SRC += dom0-tools/xl/pci_places.c
XL_SRC += dom0-tools/xl/progress_bar.c
XL_SRC += dom0-tools/xl/refused.c
XL_SRC += dom0-tools/xl/run.c
XL_SRC += dom0-tools/xl/saved.c
XL_SRC += dom0-tools/xl/target.c
XL_SRC += dom0-tools/xl/top_print.c
XL_SRC += dom0-tools/xl/top_screen.c
XL_SRC += dom0-tools/xl/top_table.c
XL_SRC += dom0-tools/xl/timing.c
XL_SRC += dom0-tools/xl/watch.c

# What xenconsoled is made of, but for its main() and its sandbox.
CONSOLED_SRC :=
CONSOLED_SRC += dom0-tools/consoled/budget.c
CONSOLED_SRC += dom0-tools/consoled/channel.c
CONSOLED_SRC += dom0-tools/consoled/channel_socket.c
CONSOLED_SRC += dom0-tools/consoled/client.c
CONSOLED_SRC += dom0-tools/consoled/guest.c
CONSOLED_SRC += dom0-tools/consoled/guests.c
CONSOLED_SRC += dom0-tools/consoled/history.c
CONSOLED_SRC += dom0-tools/consoled/history_read.c
CONSOLED_SRC += dom0-tools/consoled/hypervisor_log.c
CONSOLED_SRC += dom0-tools/consoled/log_file.c
CONSOLED_SRC += dom0-tools/consoled/message.c
CONSOLED_SRC += dom0-tools/consoled/options.c
CONSOLED_SRC += dom0-tools/consoled/poller.c
CONSOLED_SRC += dom0-tools/consoled/pty.c
CONSOLED_SRC += dom0-tools/consoled/ring.c
CONSOLED_SRC += dom0-tools/lib/domctl.c
CONSOLED_SRC += dom0-tools/lib/error.c
CONSOLED_SRC += dom0-tools/lib/evtchn_dev.c
CONSOLED_SRC += dom0-tools/lib/gntdev.c
CONSOLED_SRC += dom0-tools/lib/hypercall.c
CONSOLED_SRC += dom0-tools/lib/privcmd.c
CONSOLED_SRC += dom0-tools/lib/sysctl.c

# The loader of kernel images, which the hypervisor has, too.
KIMAGE_SRC := $(patsubst $(ROOT)/%,%,$(wildcard $(ROOT)/xen/lib/kimage/*.c))

# Scanner and grammar of xl.cfg, which flex and bison make into the folder GEN.
XL_GEN := grammar scan

$(GEN)/grammar.c: $(ROOT)/dom0-tools/config/grammar.y
	@mkdir -p $(@D)
	$(call quiet,BISON,$@)bison --header=$(@:.c=.h) -o $@ $<

$(GEN)/scan.c: $(ROOT)/dom0-tools/config/scan.l
	@mkdir -p $(@D)
	$(call quiet,FLEX,$@)flex --header-file=$(@:.c=.h) -o $@ $<

# Libraries, and where one has its headers.
XL_INCLUDES := -isystem /usr/include/libnl3
CONSOLED_LIBS := -lcap-ng -lseccomp -luuid
XL_LIBS := -lyajl -luuid -lncursesw -ltinfo -lnettle -lnl-route-3 -lnl-3

# The program itself needs no dynamic linker, which would take longer than most
# commands do.
XL_STATIC_LIBS := -l:libyajl_s.a -luuid -lncursesw -ltinfo -lnettle -lnl-route-3 -lnl-3
