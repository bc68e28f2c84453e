# SPDX-License-Identifier: MIT
# How test kernels are built, for each Makefile that builds some. It has set ROOT
# and included Config.mk and Rules.mk, and calls
#   $(call guest_kernel,FILE,FOLDER)   FILE from the sources of FOLDER

GUEST := $(ROOT)/tests/guest
TESTS := $(OUT)/tests

guest-flags := $(REPRO_FLAGS) -I$(ROOT)/xen/include -I$(GUEST)/lib
AFLAGS := $(guest-flags)
CFLAGS := -std=gnu11 -O2 -g $(WARN_FLAGS) $(guest-flags) -ffreestanding \
          -fno-pic -fno-pie -mno-red-zone -mcmodel=kernel -mgeneral-regs-only \
          -fno-stack-protector -fno-asynchronous-unwind-tables \
          -fcf-protection=none -fno-strict-aliasing -fno-builtin

# Objects of a folder's sources.
guest_objects = $(patsubst $(ROOT)/%,$(OUT)/%,$(addsuffix .o,$(basename \
                $(wildcard $(addprefix $(ROOT)/$(1)/,*.c *.S)))))

$(eval $(call flags_file,tests/guest/flags,$(CC) $(CFLAGS)))

$(OUT)/%.o: $(ROOT)/%.c $(TESTS)/guest/flags
	$(compile)

$(OUT)/%.o: $(ROOT)/%.S $(TESTS)/guest/flags
	$(assemble)

define guest_kernel
$(1): $(call guest_objects,$(2)) $(call guest_objects,tests/guest/lib) $(GUEST)/guest.lds
	$$(call quiet,LD,$$@)$(LD) -n -T $(GUEST)/guest.lds --build-id=none \
		--no-warn-rwx-segments -o $$@ $$(filter %.o,$$^)
endef

.SECONDARY:
-include $(shell find $(TESTS)/guest $(TESTS)/toolstack $(OUT)/bench/pair -name '*.d' 2> /dev/null)
