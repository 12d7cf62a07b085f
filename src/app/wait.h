/* nemoctl wait: looks until services are as they should be. */
#pragma once

#include "app/command.h"

/*
 * 0, or EXIT_STATUS_TIMEOUT. A nemoinit that does not answer yet is waited for too; what no waiting
 * can change (a name nobody knows, no right to look) ends it at once.
 */
enum exit_status wait_run(const struct command *command, const struct invocation *invocation);
