/** Whether this process is on its way out: readiness says so, and kept-alive connections are closed as they are used. */
export class Lifecycle {
  private draining = false;

  drain(): void {
    this.draining = true;
  }

  get isDraining(): boolean {
    return this.draining;
  }
}
