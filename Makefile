# SPDX-License-Identifier: MIT
# Targets of the whole tree; `make help` lists them.

ROOT := $(abspath $(dir $(lastword $(MAKEFILE_LIST))))

.PHONY: all
all: dist

include $(ROOT)/Config.mk
include $(ROOT)/Rules.mk

# The parts need each other, and build that: with -j, each works on its own by
# several jobs, one part after the other.
.NOTPARALLEL:

SUBMAKE := $(MAKE) --no-print-directory
DIST    := $(OUT)/dist

# Python leaves no files beside its sources.
export PYTHONDONTWRITEBYTECODE := 1

.PHONY: help
help: ## list the targets
	@echo 'Targets:'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(ROOT)/Makefile | \
		awk -F '\t' '{ printf "  %-22s %s\n", $$1, $$2 }'
	@echo 'Options:'
	@echo '  GUESTS=n           guests of the demo'
	@echo '  DIR=dir            folder that netboot writes'
	@echo '  SSH_KEY=file       who may log in by ssh on the host of image'
	@echo '  O=dir              output folder, "build" if not given'
	@echo '  CC=gcc|clang       compiler'
	@echo '  DEBUG=y            assertions, lock checks, traces of errors'
	@echo '  RETPOLINE=y        no predicted indirect branches in the hypervisor'
	@echo '  XEN=stock|file     the hypervisor that run and check-system start'
	@echo '  JOBS=n             machines that check-system runs at the same time'
	@echo '  V=1                show whole commands'
	@echo '  T=name             tests whose name contains this'
	@echo '  FUZZ_SECONDS=n     how long check-fuzz runs each target'
	@echo '  GUEST_ARGS=text    command line of the kernels of tests/guest'
	@echo '  LONG_CALLS=n       calls that check-long makes'
	@echo '  ALONE=y            bench-xenstore with real-time priority'
	@echo '  CLOCK=wall         bench in the time of the host instead of instructions'
	@echo '  ROUNDS=n           rounds of bench, of which the best one counts'

.PHONY: xen
xen: ## build the hypervisor
	@+$(SUBMAKE) -C $(ROOT)/xen

.PHONY: xenstore
xenstore: ## build xenstored
	@+$(SUBMAKE) -C $(ROOT)/xenstore

.PHONY: xenstore-client
xenstore-client: ## build xenstore's client library and commands
	@+$(SUBMAKE) -C $(ROOT)/xenstore/client

.PHONY: dom0-tools
dom0-tools: xenstore-client ## build the control domain's tools
	@+$(SUBMAKE) -C $(ROOT)/dom0-tools

.PHONY: pv-drivers
pv-drivers: xenstore-client ## build the PV drivers and their back-end daemon
	@+$(SUBMAKE) -C $(ROOT)/pv-drivers

.PHONY: dist
dist: xen xenstore xenstore-client dom0-tools pv-drivers ## build all and lay out the install tree dist/ in the output folder
	@mkdir -p $(DIST)/boot $(DIST)/usr/sbin $(DIST)/usr/share/man/man8
	@cp $(OUT)/xen/xen $(OUT)/xen/xen-syms $(DIST)/boot/
	@gzip -n9 < $(OUT)/xen/xen > $(DIST)/boot/xen.gz
	@cp $(OUT)/xenstore/xenstored $(addprefix $(OUT)/dom0-tools/bin/,xl xenconsoled) $(DIST)/usr/sbin/
	@cp $(addprefix $(OUT)/pv-drivers/,xen-blkd xen-netd) $(DIST)/usr/sbin/
	@cp $(ROOT)/dom0-tools/man/xenconsoled.8 $(DIST)/usr/share/man/man8/
	@+$(SUBMAKE) -C $(ROOT)/xenstore/client install DESTDIR=$(DIST)
	@+$(SUBMAKE) -f $(ROOT)/boot/services/Makefile install DESTDIR=$(DIST)

# Where an installed file goes: below this folder.
DESTDIR ?=

.PHONY: install
install: dist ## install into the root file system, or below DESTDIR
	@mkdir -p $(DESTDIR)/boot
	@cp -R --preserve=mode,links $(DIST)/usr $(DIST)/etc $(DESTDIR)/
	@cp $(DIST)/boot/xen.gz $(DESTDIR)/boot/xen-$(VERSION).gz

.PHONY: deb
deb: deps dist ## make Debian packages in the output folder's deb/
	@sh $(ROOT)/boot/package/mkdeb.sh $(ROOT) $(OUT)/deb $(VERSION) '$(SUBMAKE)'

.PHONY: deps
deps: ## install Debian packages that are missing, get the kernel
	@sh $(ROOT)/scripts/deps.sh
	@sh $(ROOT)/scripts/fetch.sh $(CACHE) kernel

.PHONY: dom0-image
dom0-image: deps ## make the test control domain's initial RAM disks
	@+$(SUBMAKE) -f $(ROOT)/tests/dom0/Makefile

# XEN=stock: Debian's hypervisor; XEN=file: any other.
XEN ?= $(DIST)/boot/xen

# What builds the hypervisor, unless the user names one.
OWN_XEN := $(if $(filter file,$(origin XEN)),dist)

.PHONY: run
run: deps ## start Xenia in QEMU with Debian's kernel and a shell
	@+$(SUBMAKE) dom0-image $(OWN_XEN)
	@$(if $(filter stock,$(XEN)),sh $(ROOT)/scripts/fetch.sh $(CACHE) stock-xen)
	@mkdir -p $(OUT)/run
	@sh $(ROOT)/scripts/run.sh $(patsubst stock,$(CACHE)/stock-xen/xen,$(XEN)) \
		$(CACHE)/kernel/vmlinuz $(OUT)/tests/dom0/dom0.img $(OUT)/run/disk.img

.PHONY: mini
mini: deps dist ## make the control domain's RAM disk, BusyBox and our tools
	@+$(SUBMAKE) -f $(ROOT)/boot/appliance/Makefile

# Guests in the demo; the first is Debian's kernel.
GUESTS ?= 2

.PHONY: demo-guests
demo-guests: deps
	@sh $(ROOT)/scripts/fetch.sh $(CACHE) cloud-kernel
	@+$(SUBMAKE) -f $(ROOT)/boot/demo/Makefile folder

.PHONY: demo-files
demo-files: mini
	@sh $(ROOT)/scripts/fetch.sh $(CACHE) cloud-kernel
	@+$(SUBMAKE) -f $(ROOT)/boot/demo/Makefile GUESTS=$(GUESTS) $(if $(DISK),DISK=$(DISK))

.PHONY: demo
demo: deps ## show it: a host in QEMU with guests, and its shell (GUESTS=n)
	@python3 $(ROOT)/boot/demo/demo.py --make '$(SUBMAKE) -C $(ROOT) O=$(OUT)' \
		--out $(OUT) --cache $(CACHE) --logs $(OUT)/demo --guests $(GUESTS)

.PHONY: iso
iso: mini demo-guests ## make boot/xenia.iso in the output folder, for CD or USB stick
	@sh $(ROOT)/boot/iso/mkiso.sh $(OUT)/boot/xenia.iso $(DIST)/boot/xen.gz \
		$(CACHE)/kernel/vmlinuz $(OUT)/boot/mini.img $(OUT)/boot/guests
	@echo '  ISO     $(patsubst $(ROOT)/%,%,$(OUT))/boot/xenia.iso'

.PHONY: image
image: deb demo-guests ## make boot/xenia.img: a disk with a Debian host, for BIOS and UEFI
	@+$(SUBMAKE) -f $(ROOT)/boot/image/Makefile

# The folder that is served.
DIR ?= $(OUT)/netboot

.PHONY: netboot
netboot: mini ## write DIR, from which hosts start over the network
	@sh $(ROOT)/boot/netboot/xenia-netboot --xen $(DIST)/boot/xen \
		--kernel $(CACHE)/kernel/vmlinuz --mini $(OUT)/boot/mini.img \
		$(NETBOOT_OPTIONS) $(DIR)

# All C files of the tree, with or without git.
C_FILES = $(shell cd $(ROOT) && find . \( -path ./.git -o -path ./build \
	-o -path ./dist \) -prune -o -name '*.[ch]' -print | LC_ALL=C sort)

CHECKS := check-format check-headers check-cppcheck check-build check-unit \
          check-abi check-xenstored check-xenstore-client \
          check-xenstore-install check-xenstore-interop check-dom0-tools \
          check-dom0-docs \
          check-pv-drivers check-fuzz check-guest check-deb check-demo \
          check-hosts check-system

.PHONY: check
check: deps ## run all checks below; the last line counts them
	@+sh $(ROOT)/scripts/check.sh $(OUT)/check '$(SUBMAKE) -C $(ROOT)' $(CHECKS)

.PHONY: check-format
check-format: ## hold the C files to .clang-format
	@cd $(ROOT) && clang-format --dry-run -Werror $(C_FILES)

.PHONY: check-headers
check-headers: ## compile each header of the hypervisor and the tools alone
	@+$(SUBMAKE) -C $(ROOT)/xen check-headers
	@+$(SUBMAKE) -C $(ROOT)/dom0-tools check-headers
	@+$(SUBMAKE) -C $(ROOT)/pv-drivers check-headers

# comparePointers: the linker's tables end where another symbol lies.
.PHONY: check-cppcheck
check-cppcheck: ## look for what cppcheck finds
	@mkdir -p $(OUT)/cppcheck
	@cd $(ROOT) && cppcheck --quiet -j 2 --error-exitcode=1 --inline-suppr \
		--cppcheck-build-dir=$(OUT)/cppcheck --std=c11 --platform=unix64 \
		--enable=warning,performance,portability \
		--suppress=comparePointers \
		-D__XEN__ -D__x86_64__ -D__GNUC__ -DCONFIG_DEBUG=1 \
		-Ixen/include -Ixen/arch/x86/include -Itests/fake/include -Ixenstore -Idom0-tools -Ipv-drivers/include -Ipv-drivers \
		$(filter %.c,$(C_FILES))

.PHONY: check-build
check-build: ## build with both compilers; the same source, the same bytes
	@+sh $(ROOT)/scripts/check_build.sh $(ROOT) $(OUT)/check-build '$(SUBMAKE)'

.PHONY: check-unit
check-unit: ## run the unit tests on the host
	@+$(SUBMAKE) -f $(ROOT)/tests/unit/Makefile check

.PHONY: check-dom0-tools
check-dom0-tools: ## run the unit tests of the control domain's tools
	@+$(SUBMAKE) -f $(ROOT)/tests/dom0_tools/Makefile check

.PHONY: check-dom0-docs
check-dom0-docs: ## hold xl's JSON against its schemas; test its manual pages and completion
	@+$(SUBMAKE) -f $(ROOT)/tests/dom0_tools/Makefile check-schemas
	@+$(SUBMAKE) -f $(ROOT)/tests/dom0_tools/Makefile check-docs

# Seconds for each target; more find more.
FUZZ_SECONDS ?= 2

.PHONY: check-fuzz
check-fuzz: ## feed parsers and the core with random input, FUZZ_SECONDS each, from the corpora in tests/fuzz
	@+$(SUBMAKE) -f $(ROOT)/tests/fuzz/Makefile check \
		FUZZ_SECONDS=$(FUZZ_SECONDS) T='$(T)'

.PHONY: coverage
coverage: ## which lines of what is fuzzed the corpora reach
	@+$(SUBMAKE) -f $(ROOT)/tests/fuzz/Makefile coverage

.PHONY: check-pv-drivers
check-pv-drivers: ## run the tests of the PV drivers, and of their daemons with guests that are processes
	@+$(SUBMAKE) -f $(ROOT)/tests/pv_drivers/Makefile check

.PHONY: check-abi
check-abi: ## compare the public headers with Debian's libxen-dev
	@mkdir -p $(OUT)/abi
	@CC='$(CC)' sh $(ROOT)/tests/abi/run.sh $(OUT)/abi

# Beside Debian's daemon: that of stock-tools.
.PHONY: check-xenstored
check-xenstored: ## test xenstored on the host, and beside Debian's
	@sh $(ROOT)/scripts/fetch.sh $(CACHE) stock-tools
	@+$(SUBMAKE) -f $(ROOT)/tests/xenstored/Makefile check \
		STOCK=$(CACHE)/stock-tools/tree/usr/lib/xen-4.17/bin/xenstored T='$(T)'

.PHONY: check-xenstore-client
check-xenstore-client: ## run the tests of xenstore's client library
	@+$(SUBMAKE) -f $(ROOT)/tests/xenstore/Makefile check-unit

.PHONY: check-xenstore-install
check-xenstore-install: ## check headers, symbols, manual pages of libxenstore as installed
	@+$(SUBMAKE) -f $(ROOT)/tests/xenstore/Makefile check-install

.PHONY: check-xenstore-interop
check-xenstore-interop: xenstore xenstore-client ## run our and Debian's xenstore commands on our and Debian's daemons
	@+$(SUBMAKE) -f $(ROOT)/tests/xenstore/Makefile check-interop

.PHONY: check-interop
check-interop: check-xenstore-interop check-tools-interop check-carried check-block-interop check-net-interop ## all that has a stock part on the other side

# {our, Linux's} block front-end on {our, Linux's} back-end.
.PHONY: check-block-interop
check-block-interop:
	@+$(SUBMAKE) check-system T=tools_blkfront

# The same of the network.
.PHONY: check-net-interop
check-net-interop:
	@+$(SUBMAKE) check-system T=tools_netfront

# Our xl on Debian's hypervisor, beside Debian's xl.
.PHONY: check-tools-interop
check-tools-interop:
	@+$(SUBMAKE) check-system XEN=stock T=tools_own

# From Debian's hypervisor to Xenia and back, in files.
.PHONY: check-carried
check-carried: tools-image dist ## a guest in a file: saved by Debian's xl on Debian's Xen, restored by ours on Xenia, and back
	@sh $(ROOT)/scripts/fetch.sh $(CACHE) stock-xen
	@$(SYSTEM) --other $(CACHE)/stock-xen/xen --log $(OUT)/check-carried carried

.PHONY: check-deb
check-deb: deb ## install, remove and purge the Debian packages
	@sh $(ROOT)/tests/package/run.sh $(OUT)/deb $(OUT)/check-deb $(CACHE) $(ROOT)

# Two machines at the same time, on a network that nobody else is on.
CHECK_BOOT = unshare -rn python3 $(ROOT)/tests/boot/main.py --jobs 2 \
             --out $(OUT) --cache $(CACHE)

.PHONY: check-boot
check-boot: iso image demo-files ## start hosts as users do: demo, images, network
	@$(CHECK_BOOT) --log $(OUT)/check-boot $(T)

# Each way to a real machine once, but for the disk image: Debian's systemd takes
# minutes to start in emulation, and its packages minutes to come.
.PHONY: check-hosts
check-hosts: iso demo-files ## the part of check-boot that is in make check
	@$(CHECK_BOOT) --log $(OUT)/check-hosts mini_same_bytes iso_bios_cd \
		iso_uefi_stick netboot_refused netboot_scripts netboot_bios_tftp \
		netboot_uefi_http netboot_bios_missing netboot_data_missing

.PHONY: check-demo
check-demo: demo-files ## start the demo as a user at a terminal, then the guide's commands
	@python3 $(ROOT)/tests/boot/main.py --out $(OUT) --cache $(CACHE) \
		--log $(OUT)/check-demo demo_wrong_number demo_interrupted \
		demo_at_a_terminal guide

.PHONY: check-fresh
check-fresh: ## run `make demo` and `make check` in a fresh Debian root (T=demo: one of them); not part of check
	@sh $(ROOT)/tests/fresh.sh $(ROOT) $(OUT)/check-fresh $(CACHE) $(T)

# JOBS machines run at the same time.
JOBS   ?= 1
SYSTEM  = python3 $(ROOT)/tests/system/main.py --jobs $(JOBS) --out $(OUT) \
          $(if $(filter stock,$(XEN)),--stock) \
          --xen $(patsubst stock,$(CACHE)/stock-xen/xen,$(XEN))

.PHONY: check-guest
check-guest: deps $(OWN_XEN) ## boot the tiny kernels of tests/guest
	@+$(SUBMAKE) -f $(ROOT)/tests/guest/Makefile
	@$(if $(GUEST_ARGS),GUEST_ARGS='$(GUEST_ARGS)') \
		$(SYSTEM) --log $(OUT)/check-guest guest '$(T)'

# Not part of check: as many random calls as there is time for.
LONG_CALLS   ?= 100000000
LONG_SECONDS ?= 40000

.PHONY: check-long
check-long: deps $(OWN_XEN) ## make LONG_CALLS calls at random
	@+$(SUBMAKE) -f $(ROOT)/tests/guest/Makefile
	@GUEST_ARGS='calls=$(LONG_CALLS) batch=100000 $(GUEST_ARGS)' \
		GUEST_SECONDS=$(LONG_SECONDS) $(SYSTEM) --log $(OUT)/check-long guest random

.PHONY: tools-image
tools-image: deps ## make the control domain with Debian's own tools, and guests
	@sh $(ROOT)/scripts/fetch.sh $(CACHE) cloud-kernel kernel-headers stock-tools device-tools grub-xen
	@+$(SUBMAKE) -f $(ROOT)/tests/toolstack/Makefile

.PHONY: check-system
check-system: dom0-image tools-image $(OWN_XEN) ## boot Debian's kernel on many machines
	@$(if $(filter stock,$(XEN)),sh $(ROOT)/scripts/fetch.sh $(CACHE) stock-xen)
	@$(SYSTEM) --log $(OUT)/check-system system '$(T)'

.PHONY: check-machines
check-machines: dom0-image tools-image $(OWN_XEN) ## more machines than make check has; five hundred guests
	@$(SYSTEM) --log $(OUT)/check-machines long '$(T)'

# CLOCK=wall: in the host's time, ROUNDS times in turn.
CLOCK  ?= icount
ROUNDS ?= $(if $(filter wall,$(CLOCK)),3,1)

.PHONY: bench
bench: deps tools-image ## compare with stock Xen, in instructions (CLOCK=wall: in time)
	@+$(SUBMAKE) -f $(ROOT)/bench/Makefile $(if $(OWN_XEN),&& $(SUBMAKE) dist)
	@sh $(ROOT)/scripts/fetch.sh $(CACHE) stock-xen
	@python3 $(ROOT)/bench/bench.py --bin $(OUT)/bench --log $(OUT)/bench/log \
		--kernel $(CACHE)/kernel/vmlinuz --clock $(CLOCK) --rounds $(ROUNDS) \
		$(if $(T),--part $(T)) stock=$(CACHE)/stock-xen/xen xenia=$(XEN)

.PHONY: bench-xenstore
bench-xenstore: deps xenstore xenstore-client ## compare xenstored with the stock daemons
	@sh $(ROOT)/scripts/fetch.sh $(CACHE) stock-tools
	@+$(SUBMAKE) -f $(ROOT)/tests/xenstored/Makefile shim
	@+$(SUBMAKE) -f $(ROOT)/bench/xenstore/Makefile run

.PHONY: clean
clean: ## remove what was built, but keep downloads
	@rm -rf $(addprefix $(OUT)/,xen xenstore dom0-tools pv-drivers headers tests dist bench run boot demo deb check check-build check-boot check-carried check-deb check-demo check-hosts check-guest check-long check-machines check-system cppcheck abi)

.PHONY: distclean
distclean: clean ## remove what was built and downloaded
	@rm -rf $(OUT) $(CACHE)
