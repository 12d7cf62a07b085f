/* Kubernetes' /dev/termination-log: what stands in it is shown as the reason why a pod has ended.
 */
#pragma once

/* Writes one line in place of what is there. Where there is no such file to be written: nothing. */
void termination_log_write(const char *line);
