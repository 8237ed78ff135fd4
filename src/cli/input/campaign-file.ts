import { ConfigError, type ConfigProblem } from '../../config/error.ts';
import { readYaml } from '../../config/read-yaml.ts';
import { campaignSchemasOf } from '../../message/campaign.ts';
import type { Problem } from '../../message/problems.ts';
import type { PlatformDefinition } from '../../platforms/port.ts';
import { platforms } from '../../platforms/registry.ts';

/** A campaign as a YAML file describes it: the fields of `producer.campaign`. */
export interface CampaignFile {
  /** As the producer takes it. */
  spec: Record<string, unknown>;
  platform: PlatformDefinition;
  /** The error that names the lines of these fields. */
  refused(problems: readonly Problem[]): ConfigError;
}

/**
 * @param channel in place of the file's own
 * @throws ConfigError with every problem found: file, line and field
 */
export function readCampaignFile(file: string, channel: string | undefined): CampaignFile {
  const { source, located } = readYaml(file);
  const refused = (problems: readonly Problem[]): ConfigError =>
    new ConfigError(
      problems.map((problem): ConfigProblem => located(problem)),
      file,
    );
  const spec = channel === undefined ? source : { ...Object(source), channel };
  const parsed = campaignSchemasOf(platforms).parseSpec(spec);
  if ('problems' in parsed) throw refused(parsed.problems);
  const platform = (platforms as Readonly<Record<string, PlatformDefinition>>)[parsed.data.platform]!;
  return { spec: spec as Record<string, unknown>, platform, refused };
}
