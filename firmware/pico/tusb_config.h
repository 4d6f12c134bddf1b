/*
 * TinyUSB as this firmware needs it: one CDC port, no operating system, small buffers.
 */
#ifndef SM_TUSB_CONFIG_H
#define SM_TUSB_CONFIG_H

#define CFG_TUSB_RHPORT0_MODE OPT_MODE_DEVICE

#define CFG_TUD_CDC 1
#define CFG_TUD_CDC_RX_BUFSIZE 64
#define CFG_TUD_CDC_TX_BUFSIZE 64
#define CFG_TUD_CDC_EP_BUFSIZE 64
#define CFG_TUD_TASK_QUEUE_SZ 8

#endif
