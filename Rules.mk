# SPDX-License-Identifier: MIT
# The few rules that every folder's build shares.
#
# A folder that builds something has a Makefile. Below xen/ such a file is a
# list: `obj-y += evtchn.o`, one per line, and `subdir-y += pv`. A Makefile that
# starts a build sets ROOT, includes Config.mk and this file.

# Output folder as an absolute path; a relative one is seen from the root.
OUT := $(if $(filter /%,$(O)),$(O),$(ROOT)/$(O))

# Downloads; all output folders share them.
CACHE := $(ROOT)/build/cache

# $(call quiet,WHAT,file): the line that stands for a command.
quiet = $(if $(filter 1,$(V)),,@printf '  %-7s %s\n' '$(1)' '$(patsubst $(OUT)/%,%,$(2))';)

# Sets folder-objs to the objects of folder $(1) (seen from the root) and of
# all folders below it.
define folder_walk
obj-y :=
subdir-y :=
include $(ROOT)/$(1)/Makefile
folder-objs += $$(addprefix $(1)/,$$(obj-y))
$$(foreach s,$$(subdir-y),$$(eval $$(call folder_walk,$(1)/$$(s))))
endef

# $(call flags_file,name,text): remembers text in $(OUT)/name, so that what
# depends on the file is built again when the text changes.
define flags_file
$(OUT)/$(1): FORCE
	@mkdir -p $$(@D)
	@printf '%s\n' '$(subst ','\'',$(2))' | cmp -s - $$@ || \
		printf '%s\n' '$(subst ','\'',$(2))' > $$@
endef

# Compile and assemble with dependencies; used in rules as the whole recipe.
define compile
@mkdir -p $(@D)
$(call quiet,CC,$@)$(CC) $(CFLAGS) -MMD -MP -MF $(@:.o=.d) -c $< -o $@
endef

define assemble
@mkdir -p $(@D)
$(call quiet,AS,$@)$(CC) $(AFLAGS) -MMD -MP -MF $(@:.o=.d) -c $< -o $@
endef

.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: FORCE
FORCE:
