#ifndef SYNC_BASE_DUMP_H
#define SYNC_BASE_DUMP_H

/*
 * From here on no core dump is made of this process, whoever started it: it would hold every secret. Nor can
 * other processes of the same user look into its memory (prctl(2), PR_SET_DUMPABLE). What is in /proc of it
 * belongs to root then, for itself, too.
 */
void dump_forbid(void);

#endif
