/* Getting the configuration: which file, may it be trusted, what does it say. */
#pragma once

#include "core/config.h"

struct options;

/*
 * The file named on the command line, else $NEMOINIT_CONFIG, else /etc/nemoinit/nemoinit.ini if
 * that exists, else the built-in configuration; and the command. A file so named that cannot be
 * read is an error. Returns 0 (the caller deinits *ret_config), or -errno with the reasons in
 * errors.
 */
int load_config(const struct options *options, char *const *environment, struct config *ret_config,
    struct problems *errors, struct problems *warnings);
