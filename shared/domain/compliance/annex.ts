/** The 93 controls of ISO/IEC 27001:2022, Annex A, by number and short title; and what older registers call some of them. */

export type ControlId = `${5 | 6 | 7 | 8}.${number}`;

const TITLES: Readonly<Record<5 | 6 | 7 | 8, readonly string[]>> = {
  5: [
    'Policies for information security',
    'Information security roles and responsibilities',
    'Segregation of duties',
    'Management responsibilities',
    'Contact with authorities',
    'Contact with special interest groups',
    'Threat intelligence',
    'Information security in project management',
    'Inventory of information and other associated assets',
    'Acceptable use of information and other associated assets',
    'Return of assets',
    'Classification of information',
    'Labelling of information',
    'Information transfer',
    'Access control',
    'Identity management',
    'Authentication information',
    'Access rights',
    'Information security in supplier relationships',
    'Addressing information security within supplier agreements',
    'Managing information security in the ICT supply chain',
    'Monitoring, review and change management of supplier services',
    'Information security for use of cloud services',
    'Incident management planning and preparation',
    'Assessment and decision on information security events',
    'Response to information security incidents',
    'Learning from information security incidents',
    'Collection of evidence',
    'Information security during disruption',
    'ICT readiness for business continuity',
    'Legal, statutory, regulatory and contractual requirements',
    'Intellectual property rights',
    'Protection of records',
    'Privacy and protection of personal data',
    'Independent review of information security',
    'Compliance with policies, rules and standards',
    'Documented operating procedures',
  ],
  6: [
    'Screening',
    'Terms and conditions of employment',
    'Awareness, education and training',
    'Disciplinary process',
    'Responsibilities after termination or change of employment',
    'Confidentiality or non-disclosure agreements',
    'Remote working',
    'Information security event reporting',
  ],
  7: [
    'Physical security perimeters',
    'Physical entry',
    'Securing offices, rooms and facilities',
    'Physical security monitoring',
    'Protecting against physical and environmental threats',
    'Working in secure areas',
    'Clear desk and clear screen',
    'Equipment siting and protection',
    'Security of assets off-premises',
    'Storage media',
    'Supporting utilities',
    'Cabling security',
    'Equipment maintenance',
    'Secure disposal or re-use of equipment',
  ],
  8: [
    'User endpoint devices',
    'Privileged access rights',
    'Information access restriction',
    'Access to source code',
    'Secure authentication',
    'Capacity management',
    'Protection against malware',
    'Management of technical vulnerabilities',
    'Configuration management',
    'Information deletion',
    'Data masking',
    'Data leakage prevention',
    'Information backup',
    'Redundancy of processing facilities',
    'Logging',
    'Monitoring activities',
    'Clock synchronization',
    'Use of privileged utility programs',
    'Installation of software on operational systems',
    'Networks security',
    'Security of network services',
    'Segregation of networks',
    'Web filtering',
    'Use of cryptography',
    'Secure development life cycle',
    'Application security requirements',
    'Secure system architecture and engineering principles',
    'Secure coding',
    'Security testing in development and acceptance',
    'Outsourced development',
    'Separation of development, test and production environments',
    'Change management',
    'Test information',
    'Protection of information systems during audit testing',
  ],
};

export type Control = { readonly id: ControlId; readonly title: string };

export const CONTROLS: readonly Control[] = ([5, 6, 7, 8] as const).flatMap((theme) =>
  TITLES[theme].map((title, n): Control => ({ id: `${theme}.${n + 1}`, title })),
);

/** Numbers of the edition of 2013 that older registers use. */
export const SINCE_2013: Readonly<Record<string, ControlId>> = {
  'A.6.1.2': '5.3',
  'A.8.2.2': '5.13',
  'A.12.4.1': '8.15',
  'A.12.4.3': '8.15',
  'A.12.6.2': '8.19',
  'A.16.1.7': '5.28',
};

/** By either number; null when there is no such control. */
export function controlOf(name: string): Control | null {
  const id = SINCE_2013[name.toUpperCase()] ?? name.replace(/^A\./i, '');
  return CONTROLS.find((control) => control.id === id) ?? null;
}
