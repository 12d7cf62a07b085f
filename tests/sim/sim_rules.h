/* The rules a supervisor keeps, whatever its services do. Broken ones end in sim_fail. */
#pragma once

/* After each turn. */
void rules_check(void);
/* A line of the log. */
void rules_on_event(const char *service, const char *event);
