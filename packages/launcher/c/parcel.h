/* An order as pid 1 gets it, with what came along. */
#ifndef CAISSON_PARCEL_H
#define CAISSON_PARCEL_H

#include "init.h"
#include "orders.h"

struct parcel {
	struct order o;
	struct step_list plan, own;
	int stream[3];
	int group[ORDER_GROUPS];
	struct failure f;	/* of unpacking it */
};

/* The next one. Does not return when the launcher is gone. */
void parcel_receive(int sock, struct parcel *p);
void parcel_free(struct parcel *p);

#endif
