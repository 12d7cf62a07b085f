#include "core/exit_status.h"

#include <stdbool.h>

enum exit_status exit_status_of_health(enum health health)
{
	switch (health) {
	case HEALTH_HEALTHY: return EXIT_STATUS_DONE;
	case HEALTH_BLOCKED: return EXIT_STATUS_BLOCKED;
	case HEALTH_STOPPING:
	case HEALTH_DEGRADED:
	case HEALTH_STARTING:
	case HEALTH_COUNT_: break;
	}
	return EXIT_STATUS_NOT_READY;
}

enum exit_status exit_status_of_service(const struct snapshot_service *service)
{
	return exit_status_of_health(snapshot_health(service, 1, false));
}

enum exit_status exit_status_of_error(enum reply_code code)
{
	switch (code) {
	case REPLY_DENIED: return EXIT_STATUS_DENIED;
	case REPLY_BUSY: return EXIT_STATUS_BUSY;
	case REPLY_TIMEOUT: return EXIT_STATUS_TIMEOUT;
	case REPLY_BAD_REQUEST:
	case REPLY_UNKNOWN_OP:
	case REPLY_UNKNOWN_SERVICE:
	case REPLY_TOO_LONG:
	case REPLY_STOPPING:
	case REPLY_FAILED:
	case REPLY_CODE_COUNT_: break;
	}
	return EXIT_STATUS_FAILED;
}

static enum exit_status of_outcome(enum outcome outcome)
{
	switch (outcome) {
	case OUTCOME_ALREADY_RUNNING:
	case OUTCOME_STARTED:
	case OUTCOME_SKIPPED: return EXIT_STATUS_DONE;
	case OUTCOME_BLOCKED: return EXIT_STATUS_BLOCKED;
	case OUTCOME_TIMEOUT: return EXIT_STATUS_TIMEOUT;
	case OUTCOME_FOREIGN_PORT:
	case OUTCOME_FAILED:
	case OUTCOME_COUNT_: break;
	}
	return EXIT_STATUS_FAILED;
}

/* The more it says, the greater. */
static int weight(enum exit_status status)
{
	if (status == EXIT_STATUS_BLOCKED)
		return 3;
	if (status == EXIT_STATUS_TIMEOUT)
		return 2;
	return status == EXIT_STATUS_DONE ? 0 : 1;
}

enum exit_status exit_status_of_outcomes(const struct service_outcome *outcomes, size_t count)
{
	enum exit_status worst = EXIT_STATUS_DONE;

	for (size_t i = 0; i < count; i++) {
		enum exit_status one = of_outcome(outcomes[i].outcome);

		worst = weight(one) > weight(worst) ? one : worst;
	}
	return worst;
}
