#include "io/terminal.h"

#include <unistd.h>

bool terminal_is_ours(void)
{
	pid_t group = tcgetpgrp(STDIN_FILENO);

	return group >= 0 && group == getpgrp();
}

void terminal_take_back(void)
{
	/* From the background: SIGTTOU is blocked for life, so it is allowed (tcsetpgrp(3)). */
	(void)tcsetpgrp(STDIN_FILENO, getpgrp());
}
