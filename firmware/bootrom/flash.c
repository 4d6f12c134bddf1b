/*
 * Flash functions IF EX RE RP FC CX (datasheet 2.8.3.1.3) over the SSI in 8-bit serial mode. The chip select is held by
 * the IO_QSPI override, so a late FIFO never ends a command.
 */
#include "rom.h"

#define RESETS_BASE 0x4000c000u
#define RESETS_DONE (RESETS_BASE + 0x8u)
#define RESETS_IO_QSPI_AND_PADS ((1u << 6) | (1u << 9))

#define IO_QSPI_CTRL(pin) (0x40018004u + 8u * (pin)) /* 0 SCLK, 1 SS, 2..5 SD0..SD3 */
#define PIN_SS 1u
#define QSPI_PINS 6u
#define OUTPUT_OVERRIDE_MASK (3u << 8)
#define OUTPUT_LOW (2u << 8)
#define OUTPUT_HIGH (3u << 8)

#define PADS_QSPI_SCLK 0x40020004u
#define PADS_QSPI_SD(line) (0x40020008u + 4u * (line))
#define PAD_SCLK_RESET 0x56u   /* 4 mA, input enabled, Schmitt, pull-down */
#define PAD_SD_RESET 0x52u     /* the same without a pull */
#define PAD_OUTPUT_DISABLE (1u << 7)
#define PAD_PULL_UP (1u << 3)
#define PAD_PULL_DOWN (1u << 2)

#define XIP_CTRL 0x14000000u
#define XIP_FLUSH 0x14000004u

#define SSI_BASE 0x18000000u
#define SSI_CTRLR0 (SSI_BASE + 0x00u)
#define SSI_CTRLR1 (SSI_BASE + 0x04u)
#define SSI_SSIENR (SSI_BASE + 0x08u)
#define SSI_SER (SSI_BASE + 0x10u)
#define SSI_BAUDR (SSI_BASE + 0x14u)
#define SSI_SR (SSI_BASE + 0x28u)
#define SSI_DR0 (SSI_BASE + 0x60u)
#define SSI_RX_SAMPLE_DLY (SSI_BASE + 0xf0u)
#define SSI_SPI_CTRLR0 (SSI_BASE + 0xf4u)
#define SR_TFNF (1u << 1)
#define SR_RFNE (1u << 3)
#define CTRLR0_8_BITS (7u << 16)
#define CTRLR0_32_BITS (31u << 16)
#define CTRLR0_EEPROM_READ (3u << 8)
#define CTRLR0_MODE_3 (3u << 6)
#define FIFO_DEPTH 16u

#define CMD_PAGE_PROGRAM 0x02u
#define CMD_READ 0x03u
#define CMD_READ_STATUS 0x05u
#define CMD_WRITE_ENABLE 0x06u
#define CMD_SECTOR_ERASE 0x20u
#define STATUS_BUSY 1u
#define PAGE_BYTES 256u
#define SECTOR_BYTES 4096u

static void chip_select(uint32_t override) {
  REG(IO_QSPI_CTRL(PIN_SS)) = (REG(IO_QSPI_CTRL(PIN_SS)) & ~OUTPUT_OVERRIDE_MASK) | override;
}

static void data_pads(uint32_t pad) {
  for (uint32_t line = 0; line < 4; line++) {
    REG(PADS_QSPI_SD(line)) = pad;
  }
}

void rom_connect_internal_flash(void) {
  REG(RESETS_BASE + CLEAR_ALIAS) = RESETS_IO_QSPI_AND_PADS;
  while ((REG(RESETS_DONE) & RESETS_IO_QSPI_AND_PADS) != RESETS_IO_QSPI_AND_PADS) {
  }
  for (uint32_t pin = 0; pin < QSPI_PINS; pin++) {
    REG(IO_QSPI_CTRL(pin)) = 0; /* function XIP, no override */
  }
  REG(PADS_QSPI_SCLK) = PAD_SCLK_RESET;
  data_pads(PAD_SD_RESET);
}

void rom_ssi_serial(uint32_t divider, uint32_t spi_mode) {
  REG(SSI_SSIENR) = 0;
  REG(SSI_BAUDR) = divider;
  REG(SSI_CTRLR0) = CTRLR0_8_BITS | (spi_mode == 3 ? CTRLR0_MODE_3 : 0);
  REG(SSI_RX_SAMPLE_DLY) = 0;
  REG(SSI_SER) = 1;
  REG(SSI_SSIENR) = 1;
}

/* Sends tx (or `fill` where tx is null) while receiving into rx (or nowhere), `count` bytes. */
static void transfer(const uint8_t *tx, uint8_t fill, uint8_t *rx, size_t count) {
  size_t to_send = count;
  size_t to_receive = count;
  while (to_receive > 0) {
    uint32_t status = REG(SSI_SR);
    if ((status & SR_TFNF) && to_send > 0 && to_receive - to_send < FIFO_DEPTH - 2) {
      REG(SSI_DR0) = tx ? *tx++ : fill;
      to_send--;
    }
    if (status & SR_RFNE) {
      uint8_t byte = (uint8_t)REG(SSI_DR0);
      if (rx) {
        *rx++ = byte;
      }
      to_receive--;
    }
  }
}

void rom_flash_command(const uint8_t *tx, size_t tx_count, uint8_t *rx, size_t rx_count) {
  chip_select(OUTPUT_LOW);
  transfer(tx, 0, NULL, tx_count);
  transfer(NULL, 0, rx, rx_count);
  chip_select(OUTPUT_HIGH);
}

/*
 * Brings a chip that may be in continuous-read or dual/quad mode back to serial commands (datasheet 2.8.1.2): 32 clocks
 * deselected with the lines low, 32 selected with the lines high, then 16 selected with only MOSI high. The lines are
 * set by pulls, so a chip that answers meanwhile is not fought.
 */
void rom_flash_exit_xip(void) {
  rom_ssi_serial(6, 0);
  data_pads(PAD_SD_RESET | PAD_OUTPUT_DISABLE | PAD_PULL_DOWN);
  chip_select(OUTPUT_HIGH);
  transfer(NULL, 0x00, NULL, 4);
  data_pads(PAD_SD_RESET | PAD_OUTPUT_DISABLE | PAD_PULL_UP);
  chip_select(OUTPUT_LOW);
  transfer(NULL, 0xff, NULL, 4);
  chip_select(OUTPUT_HIGH);
  data_pads(PAD_SD_RESET);
  /* IO2 and IO3 are write protect and hold on a serial chip: both stay pulled up. */
  REG(PADS_QSPI_SD(2)) = PAD_SD_RESET | PAD_PULL_UP;
  REG(PADS_QSPI_SD(3)) = PAD_SD_RESET | PAD_PULL_UP;
  chip_select(OUTPUT_LOW);
  transfer(NULL, 0xff, NULL, 2);
  chip_select(OUTPUT_HIGH);
}

static void command_with_address(uint8_t command, uint32_t offset, const uint8_t *data, size_t count) {
  const uint8_t write_enable = CMD_WRITE_ENABLE;
  const uint8_t header[4] = {command, (uint8_t)(offset >> 16), (uint8_t)(offset >> 8), (uint8_t)offset};
  rom_flash_command(&write_enable, 1, NULL, 0);
  chip_select(OUTPUT_LOW);
  transfer(header, 0, NULL, sizeof header);
  transfer(data, 0, NULL, count);
  chip_select(OUTPUT_HIGH);
  const uint8_t read_status = CMD_READ_STATUS;
  uint8_t status;
  do {
    rom_flash_command(&read_status, 1, &status, 1);
  } while (status & STATUS_BUSY);
}

/* Erases whole blocks where they fit and 4 KB sectors elsewhere; offset and count are multiples of 4096. */
void rom_flash_range_erase(uint32_t offset, size_t count, uint32_t block_size, uint8_t block_command) {
  while (count > 0) {
    bool block = block_size > SECTOR_BYTES && (offset & (block_size - 1)) == 0 && count >= block_size;
    size_t step = block ? block_size : SECTOR_BYTES;
    command_with_address(block ? block_command : CMD_SECTOR_ERASE, offset, NULL, 0);
    offset += step;
    count = count > step ? count - step : 0;
  }
}

/* Programs whole 256-byte pages; offset and count are multiples of 256. */
void rom_flash_range_program(uint32_t offset, const uint8_t *data, size_t count) {
  while (count > 0) {
    command_with_address(CMD_PAGE_PROGRAM, offset, data, PAGE_BYTES);
    offset += PAGE_BYTES;
    data += PAGE_BYTES;
    count = count > PAGE_BYTES ? count - PAGE_BYTES : 0;
  }
}

/* Empties the XIP cache, gives the chip select back to the SSI, and enables the cache. */
void rom_flash_flush_cache(void) {
  REG(XIP_FLUSH) = 1;
  (void)REG(XIP_FLUSH); /* the read waits until the flush is done */
  chip_select(0);
  REG(XIP_CTRL + SET_ALIAS) = 1;
}

/* Maps the flash for execution with plain 03h reads: slow, and every chip understands it. */
void rom_flash_enter_cmd_xip(void) {
  REG(SSI_SSIENR) = 0;
  REG(SSI_BAUDR) = 6;
  REG(SSI_CTRLR0) = CTRLR0_32_BITS | CTRLR0_EEPROM_READ;
  REG(SSI_CTRLR1) = 0;
  REG(SSI_SPI_CTRLR0) = (CMD_READ << 24) | (2u << 8) | (6u << 2); /* 8-bit command, 24-bit address, one line */
  REG(SSI_SER) = 1;
  REG(SSI_SSIENR) = 1;
}
