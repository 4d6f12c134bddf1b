/* Memory to memory with an interrupt at the end, byte order and the sniffer, and text to the UART by DREQ. */
#include <stdio.h>
#include <string.h>
#include "hardware/dma.h"
#include "hardware/irq.h"
#include "hardware/uart.h"
#include "pico/stdlib.h"

static uint32_t from[256];
static uint32_t to[256];
static volatile bool interrupted;
static int channel;

static void on_dma(void) {
  dma_hw->ints0 = 1u << channel;
  interrupted = true;
}

int main(void) {
  stdio_init_all();
  for (uint32_t i = 0; i < 256; i++) {
    from[i] = i * 2654435761u;
  }
  channel = dma_claim_unused_channel(true);
  dma_channel_config config = dma_channel_get_default_config(channel);
  channel_config_set_write_increment(&config, true);
  dma_channel_set_irq0_enabled(channel, true);
  irq_set_exclusive_handler(DMA_IRQ_0, on_dma);
  irq_set_enabled(DMA_IRQ_0, true);
  dma_channel_configure(channel, &config, to, from, 256, true);
  while (!interrupted) {
    tight_loop_contents();
  }
  printf("copied %s\n", memcmp(from, to, sizeof to) == 0 ? "all" : "wrong");
  dma_channel_set_irq0_enabled(channel, false);

  uint32_t sniff = 0xffffffffu;
  dma_sniffer_enable(channel, 0x0, true);
  dma_sniffer_set_data_accumulator(sniff);
  config = dma_channel_get_default_config(channel);
  channel_config_set_transfer_data_size(&config, DMA_SIZE_8);
  channel_config_set_write_increment(&config, false);
  channel_config_set_sniff_enable(&config, true);
  static uint8_t sink;
  dma_channel_configure(channel, &config, &sink, "123456789", 9, true);
  dma_channel_wait_for_finish_blocking(channel);
  printf("crc32 %08lx\n", (unsigned long)dma_sniffer_get_data_accumulator());
  dma_sniffer_disable();

  static const char text[] = "this text came by DMA, forty-odd characters of it\r\n";
  config = dma_channel_get_default_config(channel);
  channel_config_set_transfer_data_size(&config, DMA_SIZE_8);
  channel_config_set_dreq(&config, uart_get_dreq(uart0, true));
  dma_channel_configure(channel, &config, &uart_get_hw(uart0)->dr, text, sizeof text - 1, true);
  dma_channel_wait_for_finish_blocking(channel);
  printf("done\n");
}
