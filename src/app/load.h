/* Getting the configuration: which file, may it be trusted, what does it say. */
#pragma once

#include "core/config.h"

/*
 * file: as named on the command line; NULL: $NEMOINIT_CONFIG, else /etc/nemoinit/nemoinit.ini if
 * that exists, else the built-in configuration. A file so named that cannot be read is an error.
 * Returns 0 (the caller deinits *ret_config), or -errno with the reasons in errors.
 */
int load_config(const char *file, char *const *environment, struct config *ret_config,
    struct problems *errors, struct problems *warnings);
