# SPDX-License-Identifier: MIT
# The drivers' sources, for the ports and tests that build them.

PV_CORE_SRC  := $(addprefix pv-drivers/core/,net.c store.c text.c xenbus.c)

# A client of the store, for ports of kernels that have none.
PV_STORE_SRC := pv-drivers/core/store_ring.c

# Timers, for ports that have no better.
PV_TIMERS_SRC := pv-drivers/core/timers.c

PV_BLKFRONT_SRC := $(addprefix pv-drivers/front/,blk.c blk_io.c blk_pages.c life.c pages.c)
PV_FRONT_SRC    := $(PV_BLKFRONT_SRC) \
                   $(addprefix pv-drivers/front/,net.c net_rx.c net_tx.c)

# The console and the balloon, for ports that have no drivers of their own.
PV_CONSOLE_SRC := pv-drivers/front/console.c
PV_BALLOON_SRC := pv-drivers/front/balloon.c

PV_BACK_SRC  := $(addprefix pv-drivers/back/,blk.c blk_data.c blk_grants.c \
                blk_keep.c blk_limit.c blk_queue.c blk_request.c life.c limit.c net.c \
                net_filter.c net_keep.c net_rx.c net_tx.c net_wait.c)

# The port for processes of a Linux domain, and the daemon on it.
LINUX_USER_SRC := $(PV_TIMERS_SRC) \
                  $(addprefix pv-drivers/ports/linux_user/,copy_pages.c event.c grant_copy.c loop.c memory.c \
                  store.c) \
                  $(addprefix dom0-tools/lib/,evtchn_dev.c gntdev.c)

# What all daemons are made of, and each of them.
DAEMON_SRC := $(LINUX_USER_SRC) daemons/confine_calls.c $(addprefix pv-drivers/daemon/,main.c opener.c sandbox.c worker.c)

BLKD_SRC := $(DAEMON_SRC) $(addprefix pv-drivers/blkd/,disk.c main.c nbd.c nbd_connect.c nbd_log.c open.c pool.c ring.c)

NETD_SRC := $(DAEMON_SRC) $(addprefix pv-drivers/netd/,main.c open.c tap.c)
