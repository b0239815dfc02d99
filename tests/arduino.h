/* The few Arduino declarations that examples/arduino uses, to compile it without the IDE. */
#include <math.h>
#include <stdint.h>

#define F(text) (text)
enum { A0 = 14 };
int analogRead(int pin);
unsigned long millis(void);
struct SerialPort {
    void begin(unsigned long);
    void println(const char *);
    void println(unsigned);
    void println(double);
};
extern SerialPort Serial;
