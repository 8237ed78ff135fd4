import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Folders whose files wait longest, for locks and deadlines that run out. */
const LONGEST = ['test/chaos/', 'test/acceptance/', 'test/workers/', 'test/integration/', 'test/cli/'];

/** In the order of their start; the files of a project stay together, because they share their processes. */
const PROJECTS = ['package', 'redis', 'unit'];

/** The files that wait longest begin first, so that nobody waits for them alone at the end. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId, project }: TestSpecification): number => {
      const found = LONGEST.findIndex((folder) => moduleId.includes(folder));
      const wait = found === -1 ? LONGEST.length : found;
      return PROJECTS.indexOf(project.name) * (LONGEST.length + 1) + wait;
    };
    return files.toSorted((a, b) => rank(a) - rank(b));
  }
}
