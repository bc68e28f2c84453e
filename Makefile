# SPDX-License-Identifier: MIT
# Targets of the whole tree; `make help` lists them.

ROOT := $(abspath $(dir $(lastword $(MAKEFILE_LIST))))

.PHONY: all
all: dist

include $(ROOT)/Config.mk
include $(ROOT)/Rules.mk

SUBMAKE := $(MAKE) --no-print-directory
DIST    := $(OUT)/dist

.PHONY: help
help: ## list the targets
	@echo 'Targets:'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(ROOT)/Makefile | \
		awk -F '\t' '{ printf "  %-18s %s\n", $$1, $$2 }'
	@echo 'Options:'
	@echo '  O=dir              output folder, "build" if not given'
	@echo '  CC=gcc|clang       compiler'
	@echo '  DEBUG=y            assertions, lock checks, traces of errors'
	@echo '  XEN=stock|file     the hypervisor that run and check-system start'
	@echo '  V=1                show whole commands'
	@echo '  T=name             tests whose name contains this'

.PHONY: xen
xen: ## build the hypervisor
	@+$(SUBMAKE) -C $(ROOT)/xen

.PHONY: dist
dist: xen ## build all and lay out the install tree dist/ in the output folder
	@mkdir -p $(DIST)/boot
	@cp $(OUT)/xen/xen $(OUT)/xen/xen-syms $(DIST)/boot/
	@gzip -n9 < $(OUT)/xen/xen > $(DIST)/boot/xen.gz

.PHONY: deps
deps: ## install Debian packages that are missing, get the kernel
	@sh $(ROOT)/scripts/deps.sh
	@sh $(ROOT)/scripts/fetch.sh $(CACHE) kernel

.PHONY: image
image: deps ## make the test control domain's initial RAM disks
	@+$(SUBMAKE) -f $(ROOT)/tests/dom0/Makefile

# XEN=stock: Debian's hypervisor; XEN=file: any other.
XEN ?= $(DIST)/boot/xen

.PHONY: run
run: deps ## start Xenia in QEMU with Debian's kernel and a shell
	@+$(SUBMAKE) image $(if $(filter file,$(origin XEN)),dist)
	@$(if $(filter stock,$(XEN)),sh $(ROOT)/scripts/fetch.sh $(CACHE) stock-xen)
	@mkdir -p $(OUT)/run
	@sh $(ROOT)/scripts/run.sh $(patsubst stock,$(CACHE)/stock-xen/xen,$(XEN)) \
		$(CACHE)/kernel/vmlinuz $(OUT)/tests/dom0/dom0.img $(OUT)/run/disk.img

.PHONY: check-unit
check-unit: ## run the unit tests on the host
	@+$(SUBMAKE) -f $(ROOT)/tests/unit/Makefile check

.PHONY: clean
clean: ## remove what was built, but keep downloads
	@rm -rf $(addprefix $(OUT)/,xen tests dist run)

.PHONY: distclean
distclean: clean ## remove what was built and downloaded
	@rm -rf $(OUT) $(CACHE)
