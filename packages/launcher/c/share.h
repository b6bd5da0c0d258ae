/* What the kernel counts by user: a share of it for containers, so that the user keeps the rest. */
#ifndef CAISSON_SHARE_H
#define CAISSON_SHARE_H

/* Before a user namespace of our own is entered. */
void share_measure(void);
/* In it, as its root. */
void share_limit(void);
/* Of who is about to enter a namespace: what all in it together may have. */
void share_processes(void);

#endif
