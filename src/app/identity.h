/* Who a service is to be: its configuration, looked up and made ready for the fork. */
#pragma once

#include <stdbool.h>

#include "core/config.h"
#include "io/privileges.h"
#include "util/error.h"

/*
 * Returns 0 (the caller calls privileges_deinit), or -errno with *error naming the key: the user or
 * group is unknown, a capability is none. is_strict: nothing may be skipped.
 */
int identity_resolve(const struct identity_config *config, bool is_strict,
    struct privileges *ret_privileges, struct error *error);

struct spawn_report;
struct text;

/* Appends the steps that were refused, each with its reason; false: there is none. */
bool identity_describe_refused(const struct spawn_report *report, struct text *out);

/*
 * Lowers our own capabilities to what we use ourselves and what all that is configured is to have;
 * something that stays root and is not told what to keep is to have all there are. Returns 0 and
 * what is left in words; 1: we are not root, and nothing has changed; or -errno.
 */
int identity_lower(const struct config *config, char *words, size_t size_bytes);
