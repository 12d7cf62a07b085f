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

/* What of it could be wrong in any place, as `capabilities: 'x' is no capability`. 0 or -EINVAL. */
int identity_check(const struct identity_config *config, struct error *error);
