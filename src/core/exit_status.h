/* nemoctl's exit codes (spec 20 part 4), and which answer means which. */
#pragma once

#include <stddef.h>

#include "core/request.h"
#include "core/snapshot.h"

enum exit_status {
	EXIT_STATUS_DONE = 0,
	EXIT_STATUS_FAILED = 1,
	EXIT_STATUS_USAGE = 2,
	EXIT_STATUS_NOT_READY = 3,
	EXIT_STATUS_BLOCKED = 4,
	EXIT_STATUS_UNREACHABLE = 5,
	EXIT_STATUS_DENIED = 6,
	EXIT_STATUS_BUSY = 7,
	EXIT_STATUS_TIMEOUT = 8,
};

enum exit_status exit_status_of_health(enum health health);
/* Of one service: what the health of it alone would be. */
enum exit_status exit_status_of_service(const struct snapshot_service *service);
enum exit_status exit_status_of_error(enum reply_code code);
/* recover and restart: one that is blocked says more than one that is late. */
enum exit_status exit_status_of_outcomes(const struct service_outcome *outcomes, size_t count);
