/* What nemoinit says of a configuration before anything runs. */
#pragma once

#include "app/options.h"
#include "core/config.h"
#include "core/problems.h"

/*
 * --check, --print-config, and any start with a configuration that cannot be used; result is what
 * load_config has returned. The problems go to stderr, without the secrets that they quote; a
 * configuration to stdout. Returns the exit code (2 for what is wrong with it, 1 if it cannot be
 * printed), or -1: go on.
 */
int check_config(const struct options *options, const struct config *config, int result,
    struct problems *errors, struct problems *warnings);
